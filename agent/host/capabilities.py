"""Which capabilities does a container lose?"""

from __future__ import annotations

from agent.model.security import Capabilities

_NAMES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]
_LAST_CAP = "/proc/sys/kernel/cap_last_cap"


class CapabilityError(Exception):
    """A manifest names a capability that does not exist."""


def dropped(capabilities: Capabilities | None, *, last: int) -> tuple[int, ...]:
    """The numbers to take from the bounding set (`CapabilityError`).

    A process on a bare host starts with what the agent has, so `add` only takes back what `drop`
    (mostly ALL) takes away. `last` is the kernel's highest capability (`last_capability`).
    """
    if capabilities is None:
        return ()
    lost = _numbers(capabilities.drop, last)
    return tuple(sorted(lost - _numbers(capabilities.add, last)))


def last_capability() -> int:
    """The highest capability that the kernel knows."""
    try:
        with open(_LAST_CAP, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return len(_NAMES) - 1


def _numbers(names: tuple[str, ...], last: int) -> set[int]:
    found: set[int] = set()
    for name in names:
        short = name.upper().removeprefix("CAP_")
        if short == "ALL":
            found.update(range(last + 1))
        elif short in _NAMES:
            found.add(_NAMES.index(short))
        else:
            raise CapabilityError(f"unknown capability {name}")
    return {number for number in found if number <= last}
