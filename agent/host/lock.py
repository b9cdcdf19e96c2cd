"""Only one agent at a time uses a state directory."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from agent.host import files

NAME = "agent.lock"


class Held(Exception):
    """Another process has the directory; `pid` is its number, 0 if it cannot be told."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"used by process {pid}" if pid else "used by another process")
        self.pid = pid


@contextlib.contextmanager
def hold(directory: str) -> Iterator[None]:
    """Hold the directory, which is made if need be, for as long as the context lasts.

    The kernel lets go when we end, however we end. Raises Held, OSError.
    """
    files.private_directory(directory, mode=0o711)  # volumes of other users lie below
    folder = files.open_directory(directory)
    try:
        fd = files.open_below(folder, NAME, os.O_RDWR | os.O_CREAT)
    finally:
        os.close(folder)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(fd, 32, 0).strip()
            raise Held(int(text) if text.isdigit() else 0) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        yield
    finally:
        os.close(fd)
