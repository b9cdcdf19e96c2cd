"""Only one agent at a time uses a state directory."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from agent.host import files

#: Says who holds the directory.
NAME = "agent.pid"


class Held(Exception):
    """Another process has the directory; `pid` is its number, 0 if it cannot be told."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"used by process {pid}" if pid else "used by another process")
        self.pid = pid


@contextlib.contextmanager
def hold(directory: str) -> Iterator[None]:
    """Hold the directory, which is made if need be, for as long as the context lasts.

    The kernel lets go when we end, however we end. The directory itself is locked, so that a full
    disk or one that cannot be written is no hindrance. Raises Held, OSError.
    """
    files.private_directory(directory, mode=0o711)  # volumes of other users lie below
    folder = files.open_directory(directory)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held(_holder(folder)) from None
        with contextlib.suppress(OSError):
            files.write_atomically(f"{directory}/{NAME}", b"%d\n" % os.getpid())
        yield
    finally:
        os.close(folder)


def _holder(folder: int) -> int:
    try:
        fd = files.open_below(folder, NAME, os.O_RDONLY)
        try:
            text = os.pread(fd, 32, 0).strip()
        finally:
            os.close(fd)
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0
