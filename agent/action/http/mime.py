"""How are header lines read, and which are refused (net/textproto ReadMIMEHeader)?"""

from __future__ import annotations

from agent.action.http.buffer import Buffer
from agent.action.http.header import SPACE, TOKEN, VALUE, canonical
from agent.action.http.text import quote, to_text

_QUOTED = 80  # bytes of a first line that an error shows


class ProtocolError(ValueError):
    """The server breaks the protocol; the text is Go's."""


class EndOfInput(Exception):
    """The server closed the connection where more was due."""


class MIMEReader:
    """Reads header lines up to the empty one, however they arrive.

    A line counts when the byte after it is known not to continue it, hence `_pending`; an error
    in a line that nothing follows yet is found as late as Go finds it.
    """

    __slots__ = ("_buffer", "_folding", "_pending", "_started", "_wanted", "found")

    def __init__(self, buffer: Buffer, wanted: frozenset[bytes]) -> None:
        self._buffer = buffer
        self._wanted = wanted  # names in small letters; the others are checked and dropped
        self._started = False
        self._pending: bytes | None = None
        self._folding = False
        self.found: dict[bytes, list[bytes]] = {}

    def read(self) -> bool:
        """Read on; True after the empty line. Raises ProtocolError and EndOfInput."""
        if not self._started and not self._begin():
            return False
        while self._settle():
            line = self._buffer.line()
            if line is None:
                if self._buffer.ended:
                    raise EndOfInput
                return False
            if not line:
                return True
            if b":" not in line:
                raise ProtocolError(f"malformed MIME header: missing colon: {quote(line)}")
            self._pending = line.strip(SPACE)
        return False

    def _begin(self) -> bool:
        """The first line must not look like the continuation of another."""
        start = self._buffer.peek(1)
        if not start and not self._buffer.ended:
            return False
        if start in (b" ", b"\t"):
            line = self._buffer.line()
            if line is None:
                return False
            if len(line) > _QUOTED:
                raise ProtocolError("message too large")
            raise ProtocolError(f"malformed MIME header initial line: {to_text(line)}")
        self._started = True
        return True

    def _settle(self) -> bool:
        """Complete the pending line; False while it may still go on."""
        while self._pending is not None:
            if self._buffer.skip_spaces():
                self._folding = True
            if not len(self._buffer) and not self._buffer.ended:
                return False
            if not self._folding:
                self.take(self._pending)
                self._pending = None
                return True
            line = self._buffer.line()
            if line is None and not self._buffer.ended:
                return False
            self._pending += b" " + (line or b"").strip(SPACE)
            self._folding = False
        return True

    def take(self, line: bytes) -> None:
        """Check one whole line and keep it if it is wanted."""
        name, colon, value = line.partition(b":")
        strange = name.translate(None, TOKEN)
        if not colon or not name or strange.strip(b" "):
            raise ProtocolError(f"malformed MIME header line: {to_text(line)}")
        if value.translate(None, VALUE):
            line = canonical(name) + colon + value  # Go has spelt the name anew by now
            raise ProtocolError(f"malformed MIME header line: {to_text(line)}")
        key = name.lower()
        if key in self._wanted:
            self.found.setdefault(key, []).append(value.lstrip(SPACE))
