"""How is a chunked body read (net/http/internal chunkedReader, and the trailer after it)?"""

from __future__ import annotations

from agent.action.http.buffer import Buffer
from agent.action.http.header import SPACE
from agent.action.http.mime import EndOfInput, MIMEReader, ProtocolError

_HEX = b"0123456789abcdefABCDEF"
_MAX_LINE = 4096
_MAX_EXCESS = 16 * 1024
_NO_NAMES: frozenset[bytes] = frozenset()


class ChunkedReader:
    """Takes the data out of its chunks; errors come when Go finds them."""

    __slots__ = ("_buffer", "_excess", "_left", "_lines_due", "_trailer", "done")

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._left = 0  # of the current chunk
        self._lines_due = False  # the CRLF after a chunk's data
        self._excess = 0
        self._trailer: MIMEReader | None = None
        self.done = False

    @property
    def is_at_trailer(self) -> bool:
        """Whether all data have been read, but not what follows them."""
        return self._trailer is not None

    def read(self, limit: int) -> bytes:
        """Return at most `limit` bytes of what is there; sets `done` at the end of the body.

        Raises ProtocolError.
        """
        parts: list[bytes] = []
        while limit > 0 and not self.done:
            if self._left:
                part = self._buffer.take(min(limit, self._left))
                if not part:
                    self._need_more()
                    break
                parts.append(part)
                limit -= len(part)
                self._left -= len(part)
                self._lines_due = not self._left
            elif not self._next():
                break
        return b"".join(parts)

    def _next(self) -> bool:
        """Read what stands between data; False when more is needed."""
        if self._trailer is not None:
            return self._read_trailer()
        if self._lines_due:
            if len(self._buffer) < 2:
                return self._need_more()
            if self._buffer.take(2) != b"\r\n":
                raise ProtocolError("malformed chunked encoding")
            self._lines_due = False
        return self._begin_chunk()

    def _need_more(self) -> bool:
        if self._buffer.ended:
            raise ProtocolError("unexpected EOF")
        return False

    def _begin_chunk(self) -> bool:
        end = self._buffer.find(b"\n", _MAX_LINE)
        if end < 0:
            if len(self._buffer) >= _MAX_LINE:
                raise ProtocolError("header line too long")
            return self._need_more()
        line = self._buffer.take(end + 1)
        carriage = line.find(b"\r")
        if carriage < 0:
            raise ProtocolError("chunked line ends with bare LF")
        if carriage != end - 1:
            raise ProtocolError("invalid CR in chunked line")
        self._left = _length(line[:-2].rstrip(SPACE).partition(b";")[0])
        # Long extensions on tiny chunks make a server cheap to run and dear to listen to.
        self._excess = max(0, self._excess + len(line) - 16 - 2 * self._left)
        if not self._left:
            self._trailer = MIMEReader(self._buffer, _NO_NAMES)
        elif self._excess > _MAX_EXCESS:
            raise ProtocolError("chunked encoding contains too much non-data")
        return True

    def _read_trailer(self) -> bool:
        start = self._buffer.peek(2)
        if len(start) < 2:
            if self._buffer.ended:
                raise ProtocolError("http: unexpected EOF reading trailer")
            return False
        if start == b"\r\n":
            self.done = True
            return True
        if self._buffer.find(b"\r\n\r\n", _MAX_LINE) < 0:
            if self._buffer.ended or len(self._buffer) >= _MAX_LINE:
                raise ProtocolError("http: suspiciously long trailer after chunked body")
            return False
        try:
            assert self._trailer is not None
            self.done = self._trailer.read()
        except EndOfInput as exc:
            raise ProtocolError("http: unexpected EOF reading trailer") from exc
        return self.done


def _length(digits: bytes) -> int:
    if not digits:
        raise ProtocolError("empty hex number for chunk length")
    valid = len(digits) - len(digits.lstrip(_HEX))
    if valid > 16:
        raise ProtocolError("http chunk length too large")
    if valid < len(digits):
        raise ProtocolError("invalid byte in chunk length")
    return int(digits, 16)
