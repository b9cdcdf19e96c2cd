"""Which boot of this machine is it? Pids and start times mean nothing in another one."""

from __future__ import annotations

_PATH = "/proc/sys/kernel/random/boot_id"


def boot_id() -> str:
    """A name that the kernel made for this boot; "" where /proc does not tell."""
    try:
        with open(_PATH, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
