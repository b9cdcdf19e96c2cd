"""How did a process end that may or may not have been our child? Ask whoever can still tell.

In this order: wait(2), for a child of ours; the pidfd, for one that its parent has reaped (Linux
6.15); /proc/PID/stat, for one that nobody has reaped yet.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct

from agent.host.process import ExitStatus, exited, from_wait_status, signalled

#: Nobody can tell how it ended: what a kubelet says of such a container (ContainerStatusUnknown).
UNKNOWN = ExitStatus(137, known=False)

# <linux/pidfd.h> of 6.15; older headers lack it. struct pidfd_info in its first size: mask and
# cgroup, eleven ids, exit_code. The size is part of the number: _IOWR(0xFF, 11, 64 bytes).
_INFO = struct.Struct("@QQ11Ii")
_GET_INFO = 3 << 30 | _INFO.size << 16 | 0xFF << 8 | 11
_INFO_EXIT = 1 << 3
_EXIT_CODE = -1
_STATE_FIELD, _START_FIELD, _EXIT_CODE_FIELD = 0, 19, 49  # counted from the third field


def tell(pidfd: int, pid: int, started: int) -> ExitStatus | None:
    """How the ended process behind `pidfd` ended; None if nobody can tell (yet).

    `pid` and `started` name it in /proc while it is a zombie. A child of ours is reaped.
    """
    return _by_wait(pidfd) or reaped_status(pidfd) or _by_proc(pid, started)


def has_ended(pidfd: int) -> bool:
    """Whether the process behind a pidfd has ended, reaped or not."""
    return bool(_events(pidfd))


def is_reaped(pidfd: int) -> bool:
    """Whether its parent has taken note of its end (Linux 6.9; false on older ones)."""
    return bool(_events(pidfd) & select.POLLHUP)


def reaped_status(pidfd: int) -> ExitStatus | None:
    """What the kernel remembers of a reaped process for as long as someone holds its pidfd."""
    info = bytearray(_INFO.pack(_INFO_EXIT, *(0 for _ in range(13))))
    try:
        fcntl.ioctl(pidfd, _GET_INFO, info)
    except OSError:  # an older kernel, or a process that is not reaped
        return None
    fields = _INFO.unpack(info)
    return from_wait_status(fields[_EXIT_CODE]) if fields[0] & _INFO_EXIT else None


def zombie_status(text: bytes, started: int) -> int | None:
    """The wait status in /proc/PID/stat of a zombie that started at `started`; else None."""
    fields = text.rpartition(b")")[2].split()
    if len(fields) <= _EXIT_CODE_FIELD or fields[_STATE_FIELD] not in (b"Z", b"X"):
        return None
    return int(fields[_EXIT_CODE_FIELD]) if int(fields[_START_FIELD]) == started else None


def pid_of(pidfd: int) -> int | None:
    """The pid behind a pidfd, -1 if it is reaped, None if the descriptor is none (fdinfo)."""
    try:
        text = _read(f"/proc/self/fdinfo/{pidfd}")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith(b"Pid:"):
            return int(line[4:])
    return None


def _events(pidfd: int) -> int:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    found = poll.poll(0)
    return found[0][1] if found else 0


def _by_wait(pidfd: int) -> ExitStatus | None:
    try:
        result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    except OSError:  # ECHILD: somebody else's; EINVAL: Linux before 5.4
        return None
    if result is None:
        return None
    if result.si_code == os.CLD_EXITED:
        return exited(result.si_status)
    return signalled(result.si_status)


def _by_proc(pid: int, started: int) -> ExitStatus | None:
    try:
        status = zombie_status(_read(f"/proc/{pid}/stat"), started)
        if status == 0:
            # The kernel says 0 to whom it does not want to tell, too; this file has the same guard.
            _read(f"/proc/{pid}/io")
    except OSError:
        return None
    return None if status is None else from_wait_status(status)


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096)
    finally:
        os.close(fd)
