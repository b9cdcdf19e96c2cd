"""How much of each spool is in how much of which log file, on record at every moment.

Where the file is in memory (tmpfs), as the run directory is, it is mapped once it has been written
to for a while: then a record costs no system call, and the mapping a page. There are two places for
a record and a byte that says which of them counts; the new record goes to the other place first. To
turn that byte is one store, so whenever its writer is killed there is either the old record or the
new one. Elsewhere a record is one small write, which a signal cannot split: in a mapped file of a
disk, the kernel tells of no room or of an error by killing the writer.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import struct
from typing import NamedTuple, Self

from agent.host.log_files import Mark

_ENTRY = struct.Struct("5Q")
#: Records of a container that is quiet: not worth a page of the agent's.
QUIET = 100
_WHICH = 2 * _ENTRY.size  # where the byte is that says at which offset the record begins
_SIZE = _WHICH + 8
_TMPFS = 0x01021994  # linux/magic.h
_STATFS_SIZE = 256  # of which the first word is the type

_libc = ctypes.CDLL(None, use_errno=True)


class Entry(NamedTuple):
    """What a ledger says: the log is good up to `mark`, and holds that much of each spool."""

    mark: Mark
    stdout: int
    stderr: int

    def encode(self) -> bytes:
        """The bytes of the whole ledger."""
        return _ENTRY.pack(*self.mark, self.stdout, self.stderr).ljust(_SIZE, b"\0")

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a ledger; one that was never written says that nothing was logged."""
        if len(data) < _ENTRY.size:
            return cls(Mark(0, 0, 0), 0, 0)
        offset = data[_WHICH] if len(data) == _SIZE else 0
        device, inode, size, stdout, stderr = _ENTRY.unpack_from(data, offset)
        return cls(Mark(device, inode, size), stdout, stderr)


class Ledger:
    """An open ledger; `entry` is what it said when it was opened."""

    __slots__ = ("_fd", "_map", "_offset", "_unmapped", "entry")

    def __init__(self, fd: int) -> None:
        """Take over a descriptor for reading and writing; on `OSError` it stays the caller's."""
        self.entry = Entry.decode(os.pread(fd, _SIZE, 0))
        self._fd = fd
        self._map: mmap.mmap | None = None
        self._offset = 0
        self._unmapped = QUIET

    def write(self, file: tuple[int, int], size: int, stdout: int, stderr: int) -> None:
        """The log is good up to `size` of this file (device, inode), and so on (OSError)."""
        if self._map is None:
            self._write_all(Entry(Mark(*file, size), stdout, stderr))
            return
        offset = _ENTRY.size - self._offset
        _ENTRY.pack_into(self._map, offset, *file, size, stdout, stderr)
        self._map[_WHICH] = self._offset = offset

    def close(self) -> None:
        """Let go of the file."""
        if self._map is not None:
            self._map.close()
        if self._fd >= 0:
            os.close(self._fd)

    def _write_all(self, entry: Entry) -> None:
        os.pwrite(self._fd, entry.encode(), 0)
        self._offset = 0
        self._unmapped -= 1
        if self._unmapped == 0 and _is_in_memory(self._fd):
            with contextlib.suppress(OSError):  # no more mappings: go on without
                self._map = mmap.mmap(self._fd, _SIZE)  # which has a descriptor of its own
                fd, self._fd = self._fd, -1
                os.close(fd)


def _is_in_memory(fd: int) -> bool:
    found = ctypes.create_string_buffer(_STATFS_SIZE)
    failed = _libc.fstatfs(fd, found)
    return not failed and ctypes.c_long.from_buffer(found).value == _TMPFS
