"""What machine is this? For the Node object, as cAdvisor tells a kubelet."""

from __future__ import annotations

import os
import platform

import msgspec

#: Where the machine's memory is told.
_MEMINFO = "/proc/meminfo"


class MachineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Identity and size of a machine; bytes."""

    machine_id: str
    system_uuid: str
    boot_id: str
    kernel: str
    os_image: str
    architecture: str
    cpus: int
    memory: int
    disk: int


def machine_info(disk_path: str) -> MachineInfo:
    """What is known; the disk is the one that holds `disk_path`. What cannot be read is empty."""
    machine = platform.machine()
    return MachineInfo(
        machine_id=_read("/etc/machine-id"),
        system_uuid=_read("/sys/class/dmi/id/product_uuid") or _read("/etc/machine-id"),
        boot_id=_read("/proc/sys/kernel/random/boot_id"),
        kernel=os.uname().release,
        os_image=_os_image(),
        architecture={"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine),
        cpus=os.cpu_count() or 1,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        disk=_disk(disk_path),
    )


def available_memory() -> int:
    """Bytes that could be used without swapping; 0 when the kernel does not tell."""
    for line in _read(_MEMINFO).splitlines():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.split()[0]) * 1024
    return 0


def disk_left(path: str) -> tuple[int, int]:
    """Bytes free for us and bytes in all, of the disk that holds `path`; zeros if not told."""
    try:
        found = os.statvfs(path)
    except OSError:
        return 0, 0
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize


def _disk(path: str) -> int:
    return disk_left(path)[1]


def _os_image() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "Linux"


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
