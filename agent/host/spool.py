"""What has left the FIFO of a container and may not be in its log yet.

The kernel moves bytes from the FIFO into a file (splice), and the size of that file grows in the
same system call, by exactly as much as was moved. So the size is a count of what was taken that
no death of ours can falsify: there is no moment at which a byte is neither here nor there.
"""

from __future__ import annotations

import contextlib
import ctypes
import os

CHUNK = 64 * 1024
_SLACK = 16 * 1024  # of what is in the log already may stay here, for the sake of quiet containers
_PAGE = os.sysconf("SC_PAGE_SIZE")
_NONBLOCK = os.SPLICE_F_NONBLOCK
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # linux/falloc.h

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long)


class Spool:
    """One stream's file; positions count from its beginning.

    `taken` is how far it is filled and was handed out, `claimed` how far what was handed out became
    records, `done` how far those are in the log.
    """

    __slots__ = ("_end", "_fd", "_freed", "claimed", "done", "taken")

    def __init__(self, fd: int, done: int) -> None:
        """Take over a descriptor; `done` is what the ledger says, and `resume` must follow."""
        self._fd = fd
        self._freed = 0
        self._end = os.fstat(fd).st_size
        self.done = self.claimed = self.taken = resumed_at(done, self._end)

    def leftover(self) -> bytes:
        """Hand out what an earlier agent has taken and not done; empty when there is no more."""
        data = os.pread(self._fd, CHUNK, self.taken)
        self.taken += len(data)
        return data

    def move(self, fifo: int) -> bytes:
        """Take what is in the FIFO now and hand it out; empty when nobody can write any more.

        `BlockingIOError` when there is nothing; other errors of this file (no space) leave
        everything in the FIFO.
        """
        taken = self.taken
        count = os.splice(fifo, self._fd, CHUNK, None, taken, _NONBLOCK)
        if not count:
            return b""
        data = os.pread(self._fd, count, taken)
        self.taken = self._end = taken + count
        return data

    def settle(self) -> bool:
        """All that was claimed is done; True: `shrink` is worth it."""
        self.done = done = self.claimed
        return done - self._freed >= _SLACK

    def shrink(self) -> bool:
        """Give back the space of what is done; True: from zero, which has to be recorded."""
        if self.done - self._freed < _SLACK:
            return False
        if self.done == self._end:
            os.ftruncate(self._fd, 0)
            self.done = self.claimed = self.taken = self._end = self._freed = 0
            return True
        start, end = self._freed, self.done // _PAGE * _PAGE
        # A file system that cannot do it keeps everything until the next moment of leisure.
        _libc.fallocate(self._fd, _PUNCH_HOLE | _KEEP_SIZE, start, end - start)
        self._freed = end
        return False

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            os.close(self._fd)


def resumed_at(done: int, size: int) -> int:
    """Where in a spool of this size does work go on, if the ledger says `done`?

    A spool is emptied before the ledger says so, and only when everything in it is done.
    """
    return done if done <= size else 0
