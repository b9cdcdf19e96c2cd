"""Mount points that the host lacks: made when a pod needs them, removed after the last that did.

A mount point that we made is remembered in a file beside the lock (so that it is known after a
crash, and to other agents that use the same directory), and those who use it hold a shared lock on
it. One that was there before is never touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_READ_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class MountPoints:
    """The mount points that one pod uses; `registry` is shared by all pods and agents."""

    def __init__(self, registry: str) -> None:
        self._registry = registry
        self._used: dict[str, int] = {}

    def use(self, path: str, *, is_directory: bool) -> None:
        """Let `path` exist (OSError, with the path that could not be made)."""
        if os.path.lexists(path) and (path in self._used or not os.path.isdir(self._registry)):
            return
        with self._locked():
            self._make(path, is_directory=is_directory)
            self._hold(path)

    def keep(self, paths: Iterable[str]) -> None:
        """Use those of `paths` that were made for a pod of an agent that is gone, locks and all.

        Its containers may still stand on them. One that cannot be opened is left to its fate.
        """
        if not os.path.isdir(self._registry):
            return
        with self._locked():
            for path in paths:
                with contextlib.suppress(OSError):
                    self._hold(path)

    def release(self) -> None:
        """The pod is gone: remove what was made, is empty, and is used by nobody else."""
        used, self._used = self._used, {}
        if not used:
            return
        with self._locked():
            for path, fd in used.items():
                os.close(fd)
                self._remove(path)

    def _hold(self, path: str) -> None:
        """Lock it against its removal, if we have made it."""
        if os.path.exists(self._record(path)) and path not in self._used:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(fd, fcntl.LOCK_SH)
            self._used[path] = fd

    def _make(self, path: str, *, is_directory: bool) -> None:
        if os.path.lexists(path):
            return
        parent = os.path.dirname(path)
        if not os.path.lexists(parent):
            self._make(parent, is_directory=True)
        if is_directory:
            os.mkdir(path, 0o755)
            os.chmod(path, 0o755)  # whatever the umask
        else:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        with open(self._record(path), "w", encoding="utf-8") as file:
            file.write(_identity(path))

    def _remove(self, path: str) -> None:
        """Remove what we made, and above it what we made for its sake."""
        record = self._record(path)
        try:
            with open(record, encoding="utf-8") as file:
                is_ours = file.read() == _identity(path)
        except FileNotFoundError:
            return
        if is_ours:
            try:
                _remove_unused(path)
            except OSError:  # somebody else uses it, or has put something there
                return
        os.unlink(record)
        self._remove(os.path.dirname(path))

    def _record(self, path: str) -> str:
        from hashlib import blake2b

        return f"{self._registry}/{blake2b(os.fsencode(path), digest_size=16).hexdigest()}"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time, over all agents; held for a moment only."""
        os.makedirs(self._registry, mode=0o711, exist_ok=True)
        fd = os.open(self._registry, _READ_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            with contextlib.suppress(OSError):
                os.close(fd)


def _remove_unused(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.isdir(path):
            os.rmdir(path)
        elif os.fstat(fd).st_size == 0:
            os.unlink(path)
    finally:
        os.close(fd)


def _identity(path: str) -> str:
    """What distinguishes it from another of that name that somebody else makes later."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return ""
    return f"{path}\n{found.st_dev} {found.st_ino}\n"
