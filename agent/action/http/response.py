"""What does a server say? Status, the few headers that matter, and the first bytes of the body.

No I/O: bytes go in with `feed` and `end`; `read_head` and `read_body` answer None until they know.
It accepts and refuses what Go 1.25 does (net/http ReadResponse, readTransfer and Transport).
"""

from __future__ import annotations

from enum import Enum

import msgspec

from agent.action.http.buffer import Buffer
from agent.action.http.chunked import ChunkedReader
from agent.action.http.header import SPACE, canonical, lists_token
from agent.action.http.mime import EndOfInput, MIMEReader, ProtocolError
from agent.action.http.text import quote

#: Bytes of all heads of one response together, as net/http's Transport bounds them.
MAX_HEAD = 10 << 20
_WANTED = frozenset(
    (
        b"location",
        b"content-length",
        b"transfer-encoding",
        b"trailer",
        b"connection",
        b"upgrade",
    )
)
_FORBIDDEN_TRAILERS = frozenset((b"Transfer-Encoding", b"Trailer", b"Content-Length"))
_DIGITS = b"0123456789"
_TRIMMED = b" \t\r\n"


class Framing(Enum):
    """How the end of a body is known."""

    NONE = "none"
    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"


class Head(msgspec.Struct, frozen=True):
    """The final response without its body; `length` is -1 when it is not known."""

    status: int
    framing: Framing
    length: int
    location: bytes


class ResponseReader:
    """Reads one response; interim ones (1xx) before it are passed over."""

    __slots__ = ("_body", "_buffer", "_chunks", "_fields", "_head_bytes", "_status", "head")

    def __init__(self) -> None:
        self._buffer = Buffer()
        self._head_bytes = 0
        self._status: tuple[int, bool] | None = None  # code, and whether 1.1 or newer
        self._fields = MIMEReader(self._buffer, _WANTED)
        self._chunks: ChunkedReader | None = None
        self._body = b""
        self.head: Head | None = None

    @property
    def hides_errors(self) -> bool:
        """Whether Go takes a failing connection for a closed one where the reading stands now.

        It reads lines with a buffered reader, which forgets an error when it can give the start of
        a line; in front of a line it reports the error itself.
        """
        if self.head is None:
            return self._status is not None or len(self._buffer) > 0
        return self._chunks is not None and self._chunks.is_at_trailer

    def feed(self, data: bytes) -> None:
        """Take what was received."""
        self._buffer.feed(data)
        if self.head is None:
            self._head_bytes += len(data)

    def end(self) -> None:
        """The server will not say more."""
        self._buffer.ended = True

    def read_head(self) -> Head | None:
        """The head of the final response, once it is complete; raises ProtocolError."""
        if self.head is not None:
            return self.head
        try:
            self._read_heads()
        except EndOfInput as exc:
            raise ProtocolError("unexpected EOF") from exc
        if self._head_bytes >= MAX_HEAD and self._is_too_long():
            text = f"net/http: server response headers exceeded {MAX_HEAD} bytes; aborted"
            raise ProtocolError(text)
        return self.head

    def _is_too_long(self) -> bool:
        return self.head is None or self._head_bytes - len(self._buffer) > MAX_HEAD

    def _read_heads(self) -> None:
        while self.head is None:
            if self._status is None:
                line = self._buffer.line()
                if line is None:
                    if self._buffer.ended:
                        raise EndOfInput
                    return
                self._status = _read_status(line)
            if not self._fields.read():
                return
            head = _interpret(*self._status, self._fields.found)
            if 100 <= head.status <= 199 and head.status != 101:
                self._status = None
                self._fields = MIMEReader(self._buffer, _WANTED)
                continue
            self.head = head

    def read_body(self, limit: int) -> bytes | None:
        """The body, or its first `limit` bytes; None until they are there.

        Raises ProtocolError. Needs a head.
        """
        assert self.head is not None
        match self.head.framing:
            case Framing.NONE:
                return b""
            case Framing.LENGTH:
                return self._read_plain(min(limit, self.head.length), strict=True)
            case Framing.CLOSE:
                return self._read_plain(limit, strict=False)
            case Framing.CHUNKED:
                return self._read_chunks(limit)

    def _read_plain(self, limit: int, *, strict: bool) -> bytes | None:
        if len(self._buffer) >= limit or (self._buffer.ended and not strict):
            return self._buffer.peek(limit)
        if self._buffer.ended:
            raise ProtocolError("unexpected EOF")
        return None

    def _read_chunks(self, limit: int) -> bytes | None:
        if self._chunks is None:
            self._chunks = ChunkedReader(self._buffer)
        self._body += self._chunks.read(limit - len(self._body))
        return self._body if self._chunks.done or len(self._body) >= limit else None


def _read_status(line: bytes) -> tuple[int, bool]:
    """Status code, and whether the version is 1.1 or newer."""
    version, space, rest = line.partition(b" ")
    if not space:
        raise ProtocolError(f"malformed HTTP response {quote(line)}")
    code = rest.lstrip(b" ").partition(b" ")[0]
    # Go reads the code as a signed number of three characters: "+20" is one, "-20" is not.
    digits = code[1:] if code[:1] == b"+" or code == b"-00" else code
    if len(code) != 3 or digits.translate(None, _DIGITS):
        raise ProtocolError(f"malformed HTTP status code {quote(code)}")
    return int(code), _is_new(version)


def _is_new(version: bytes) -> bool:
    major, minor = version[5:6], version[7:8]
    if len(version) != 8 or version[:5] != b"HTTP/" or version[6:7] != b".":
        raise ProtocolError(f"malformed HTTP version {quote(version)}")
    if (major + minor).translate(None, _DIGITS):
        raise ProtocolError(f"malformed HTTP version {quote(version)}")
    return (major, minor) >= (b"1", b"1") or (major, minor) == (b"0", b"0")


def _interpret(status: int, is_new: bool, fields: dict[bytes, list[bytes]]) -> Head:
    """How long is the body (net/http readTransfer)?"""
    location = fields.get(b"location", [b""])[0]
    chunked = is_new and _is_chunked(fields.get(b"transfer-encoding"))
    length = _content_length(fields.get(b"content-length", []))
    if chunked:
        _check_trailers(fields.get(b"trailer", []))
    if status // 100 == 1 or status in (204, 304):
        switches = status == 101 and _switches(fields)
        framing = Framing.CLOSE if switches else Framing.NONE
        return Head(status, framing, 0, location)
    if chunked:
        return Head(status, Framing.CHUNKED, -1, location)
    if length < 0:
        return Head(status, Framing.CLOSE, -1, location)
    return Head(status, Framing.LENGTH if length else Framing.NONE, length, location)


def _is_chunked(values: list[bytes] | None) -> bool:
    if values is None:
        return False
    if len(values) != 1:
        shown = " ".join(map(quote, values))
        raise ProtocolError(f"too many transfer encodings: [{shown}]")
    if values[0].lower() != b"chunked":
        raise ProtocolError(f"unsupported transfer encoding: {quote(values[0])}")
    return True


def _content_length(values: list[bytes]) -> int:
    if not values:
        return -1
    text = values[0].strip(_TRIMMED)
    if any(value.strip(_TRIMMED) != text for value in values[1:]):
        shown = " ".join(map(quote, values))
        raise ProtocolError(
            f"http: message cannot contain multiple Content-Length headers; got [{shown}]"
        )
    if not text:
        raise ProtocolError(f"invalid empty Content-Length {quote(text)}")
    if text.translate(None, _DIGITS) or len(text.lstrip(b"0")) > 19 or int(text) >= 2**63:
        raise ProtocolError(f"bad Content-Length {quote(text)}")
    return int(text)


def _check_trailers(values: list[bytes]) -> None:
    for value in values:
        for item in value.split(b","):
            name = canonical(item.strip(SPACE))
            if name in _FORBIDDEN_TRAILERS:
                raise ProtocolError(f"bad trailer key {quote(name)}")


def _switches(fields: dict[bytes, list[bytes]]) -> bool:
    upgrade = fields.get(b"upgrade", [b""])[0]
    return bool(upgrade) and lists_token(fields.get(b"connection", []), b"upgrade")
