"""Whose is a private directory, as long as its owner lives?

The lock is flock(2) on the directory itself: it needs no room on the disk, dies with its owner, and
cannot be removed by tidying up. `agent.lock` in it is for people: the owner's pid.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from agent.host import files

NAME = "agent.lock"


class LockedError(Exception):
    """Somebody else has the directory; `pid` is 0 when it cannot be told who."""

    def __init__(self, folder: str, pid: int) -> None:
        super().__init__(f"{folder} is locked by " + (f"pid {pid}" if pid else "another process"))
        self.pid = pid


class DirectoryLock:
    """The lock of one directory, from `take` to `release`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._fd: int | None = None

    @property
    def fd(self) -> int:
        """The directory, once it is ours."""
        assert self._fd is not None
        return self._fd

    def take(self) -> None:
        """Make the directory private and lock it; nothing happens if it is locked by us.

        Raises LockedError, and OSError when the directory cannot be made or is not ours. A
        directory that took the place of the one we had is locked anew.
        """
        if self._is_held():
            return
        self.release()
        files.private_directory(self._folder, mode=0o711)  # volumes of other users lie below
        fd = files.open_directory(self._folder)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(fd)
            if isinstance(exc, BlockingIOError):
                raise LockedError(self._folder, _owner(self._folder)) from None
            raise
        self._fd = fd
        with suppress(OSError):  # a full or read-only disk: the lock holds without it
            files.write_atomically(f"{self._folder}/{NAME}", b"%d\n" % os.getpid())

    def release(self) -> None:
        """Give the directory up, if it is ours."""
        if self._fd is not None:
            with suppress(OSError):
                os.unlink(NAME, dir_fd=self._fd)
            os.close(self._fd)
            self._fd = None

    def _is_held(self) -> bool:
        if self._fd is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._fd), os.stat(self._folder))
        except OSError:
            return False


def holder(folder: str) -> int:
    """The pid of the process that has the directory; 0 when nobody has, or it cannot be told."""
    try:
        fd = files.open_directory(folder)
    except OSError:
        return 0
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _owner(folder)
    finally:
        os.close(fd)
    return 0


def lockers(path: str) -> list[int]:
    """The pids of other processes that hold a lock on a file (/proc/locks)."""
    try:
        found = os.stat(path)
        with open("/proc/locks", encoding="ascii") as lines:
            fields = [line.split() for line in lines]
    except OSError:
        return []
    inode = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    pids = {int(words[-4]) for words in fields if words[-3] == inode}
    return sorted(pids - {os.getpid()})


def _owner(folder: str) -> int:
    try:
        with open(f"{folder}/{NAME}", encoding="ascii") as file:
            return int(file.read(32))
    except (OSError, ValueError):
        return 0
