"""Which processes live below a process, and how are strangers among them signalled safely?

Everything is read from /proc at the moment of asking. Imported by the helper process: keep it free
of heavy imports.
"""

from __future__ import annotations

import os

# `signal` would build enums for 5 ms; this is the module behind it.
from _signal import pidfd_send_signal  # type: ignore[import-not-found]

TYPE_CHECKING = False  # importing `typing` would double the helper's memory
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_CHUNK = 4096


class Stat:
    """A process at one moment (/proc/PID/stat); `started` is in clock ticks since boot."""

    __slots__ = ("parent", "session", "started", "state")

    def __init__(self, state: str, parent: int, session: int, started: int) -> None:
        self.state = state
        self.parent = parent
        self.session = session
        self.started = started

    @property
    def ended(self) -> bool:
        """Whether only its exit status is left."""
        return self.state in "ZX"


def stat(pid: int) -> Stat | None:
    """What the kernel says of a process; None if there is none."""
    text = _read(f"/proc/{pid}/stat")
    if not text:
        return None
    fields = text.rpartition(b")")[2].split()
    return Stat(fields[0].decode(), int(fields[1]), int(fields[3]), int(fields[19]))


def children(pid: int) -> list[int]:
    """Direct children of a process, ended ones included.

    Complete for the calling process as long as it reaps nothing meanwhile; of another process one
    may be missed if its siblings are reaped at that moment, so who kills must look again.
    """
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found: list[int] = []
    for thread in threads:
        text = _read(f"/proc/{pid}/task/{thread}/children")
        if text is not None:
            found += map(int, text.split())
        elif not os.path.exists("/proc/thread-self/children"):
            return _children_by_parent(pid)
    return found


def children_of_leader(pid: int) -> list[int]:
    """The same for a process of ours, all of whose children are its first thread's.

    Nothing of ours forks in another thread, and the kernel gives orphans to the first one that
    lives. A fifth of the system calls, which count: it is asked on the way to each restart.
    """
    text = _read(f"/proc/{pid}/task/{pid}/children")
    return children(pid) if text is None else list(map(int, text.split()))


def descendants(pid: int) -> list[int]:
    """All processes below a process, without it."""
    found = children(pid)
    for child in found:  # grows while it is walked
        found += children(child)
    return found


def can_look() -> bool:
    """Whether /proc can be read now: without a free descriptor nobody would seem to be there."""
    try:
        os.close(os.open("/proc/self/stat", os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def everyone() -> list[int]:
    """All processes of the host, as far as /proc shows them."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def newest_pid() -> int:
    """The pid given out last, threads included: while it stays the same, nobody is born."""
    text = _read("/proc/loadavg")
    return int(text.split()[4]) if text else 0


def is_process(pid: int) -> bool:
    """Whether this is the id of a process, and not of another of its threads."""
    text = _read(f"/proc/{pid}/status") or b""
    return b"\nTgid:\t%d\n" % pid in text


def alive(pids: Iterable[int]) -> dict[int, int]:
    """Those that still run, with their start times."""
    found: dict[int, int] = {}
    for pid in pids:
        now = stat(pid)
        if now is not None and not now.ended:
            found[pid] = now.started
    return found


def send(pid: int, signum: int, belongs: Callable[[int], bool]) -> bool:
    """Signal a process if it still is the one meant; a recycled pid is never hit.

    `belongs` is asked while a pidfd is held, so its answer and the signal concern one process.
    """
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    except OSError:  # no free descriptor: the window between check and kill is microseconds
        return belongs(pid) and _kill(pid, signum)
    try:
        if not belongs(pid):
            return False
        pidfd_send_signal(pidfd, signum)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(pidfd)
    return True


def _kill(pid: int, signum: int) -> bool:
    try:
        os.kill(pid, signum)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _children_by_parent(parent: int) -> list[int]:
    """For kernels without CONFIG_PROC_CHILDREN."""
    found = []
    for pid in everyone():
        now = stat(pid)
        if now is not None and now.parent == parent:
            found.append(pid)
    return found


def _read(path: str) -> bytes | None:
    """The whole file; None if it is not there, empty if its process is gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        return b""
    try:
        text = b""
        while chunk := os.read(fd, _CHUNK):  # a short read is not the end in /proc
            text += chunk
    except OSError:
        return b""
    finally:
        os.close(fd)
    return text
