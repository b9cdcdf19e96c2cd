"""The bytes a server has sent that nobody has read yet."""

from __future__ import annotations


class Buffer:
    """Bytes, and whether more will come; read from the front."""

    __slots__ = ("_at", "_data", "_scanned", "ended")

    def __init__(self) -> None:
        self._data = bytearray()
        self._at = 0
        self._scanned = 0  # no line end before this index: long lines are searched once
        self.ended = False

    def __len__(self) -> int:
        return len(self._data) - self._at

    def feed(self, data: bytes) -> None:
        """Append what was received."""
        if self._at:
            del self._data[: self._at]
            self._scanned = max(0, self._scanned - self._at)
            self._at = 0
        self._data += data

    def peek(self, count: int, skip: int = 0) -> bytes:
        """Up to `count` bytes without reading them, `skip` bytes from the front."""
        return bytes(self._data[self._at + skip : self._at + skip + count])

    def take(self, count: int) -> bytes:
        """Read up to `count` bytes."""
        taken = bytes(self._data[self._at : self._at + count])
        self._at += len(taken)
        return taken

    def find(self, what: bytes, limit: int | None = None) -> int:
        """Where `what` begins, counted from the front; -1 when it is not in the first `limit`."""
        end = len(self._data) if limit is None else self._at + limit
        found = self._data.find(what, self._at, end)
        return -1 if found < 0 else found - self._at

    def line(self) -> bytes | None:
        """Read a line without its LF or CRLF; at the end also one that is not complete.

        None when the line is not complete yet, or nothing is left.
        """
        end = self._data.find(b"\n", max(self._at, self._scanned))
        if end < 0:
            self._scanned = len(self._data)
            return self.take(len(self)) if self.ended and len(self) else None
        line = bytes(self._data[self._at : end])
        self._at = end + 1
        return line[:-1] if line.endswith(b"\r") else line

    def skip_spaces(self) -> int:
        """Read spaces and tabs; returns how many."""
        start = self._at
        data = self._data
        while self._at < len(data) and data[self._at] in (0x20, 0x09):
            self._at += 1
        return self._at - start
