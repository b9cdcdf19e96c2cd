"""What lies in the state directory, and may it be there?"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from agent.host import files
from agent.host.directory_lock import DirectoryLock, LockedError, lockers

DATABASE = "state.db"


class StoreError(Exception):
    """The agent must not start on this state directory; the text is for people."""


class StateInUseError(StoreError):
    """Another agent uses the state directory; `pid` is 0 when it cannot be told."""

    def __init__(self, folder: str, pid: int) -> None:
        who = f"pid {pid}" if pid else "its pid cannot be told"
        super().__init__(f"another agent ({who}) uses the state directory {folder}")
        self.pid = pid


class Place:
    """A state directory, ours alone from `claim` to `release`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._lock = DirectoryLock(folder)
        self.path = f"{folder}/{DATABASE}"

    def claim(self) -> None:
        """Make the directory private and ours; again and again if need be.

        Raises StoreError for what only a person can mend, OSError for what may pass.
        """
        with _refusing(self._folder):
            try:
                self._lock.take()
            except LockedError as exc:
                raise StateInUseError(self._folder, exc.pid) from exc

    def release(self) -> None:
        """Give the directory up."""
        self._lock.release()

    def ensure_database(self) -> None:
        """Make sure that the database is a private file of ours, no link (StoreError, OSError)."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK
        with _refusing(self.path):
            fd = files.open_below(self._lock.fd, DATABASE, flags)
        try:
            found = os.fstat(fd)
            if found.st_uid != os.geteuid():
                raise StoreError(f"{self.path} belongs to user {found.st_uid}, not to barepod's")
            if not stat.S_ISREG(found.st_mode):
                raise StoreError(f"{self.path} is not a regular file")
            os.fchmod(fd, 0o600)
        finally:
            os.close(fd)  # SQLite opens it next; nobody but us can change the directory

    def identity(self) -> tuple[int, int] | None:
        """Which file the database is; None when there is none."""
        found = self._stat("")
        return None if found is None else (found.st_dev, found.st_ino)

    def size(self, suffix: str = "") -> int | None:
        """Bytes in the database, or in what SQLite keeps beside it; None when it is not there."""
        found = self._stat(suffix)
        return found.st_size if found is not None and stat.S_ISREG(found.st_mode) else None

    def set_aside(self, word: str, now: datetime) -> str:
        """Rename the database and its log, whatever they are; returns the new path (OSError)."""
        base = f"{self.path}.{word}-{now:%Y%m%dT%H%M%SZ}"
        target, number = base, 1
        while os.path.lexists(target) or os.path.lexists(f"{target}-wal"):
            number += 1
            target = f"{base}.{number}"
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                Path(self.path + suffix).rename(target + suffix)
        files.remove(f"{self.path}-shm")
        return target

    def lockers(self) -> list[int]:
        """The pids of other processes that hold a lock on the database."""
        return lockers(self.path)

    def _stat(self, suffix: str) -> os.stat_result | None:
        try:
            return Path(self.path + suffix).lstat()
        except FileNotFoundError:
            return None


@contextmanager
def _refusing(path: str) -> Iterator[None]:
    """What somebody put where ours belongs is no passing trouble."""
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ELOOP, errno.ENOTDIR, errno.EISDIR):
            raise StoreError(f"{path} is a link, or not what belongs there") from exc
        if exc.errno is None:  # the directory is another user's
            raise StoreError(str(exc)) from exc
        raise
