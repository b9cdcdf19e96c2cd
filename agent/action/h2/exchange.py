"""What has become of one unary call on one connection? Bytes in, bytes out, no I/O.

Follows grpc-go's client (internal/transport/http2_client.go, rpc_util.go), so that the texts of
failures are its texts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agent.action.h2 import frames, status
from agent.action.h2.decompress import MAX_HEADERS, BadHeaders, Decompressor, HeadersTooLarge
from agent.action.h2.status import Headers, Status
from agent.action.http.text import printable, to_text
from agent.model.gotext import quote

_STREAM: Final = 1
_WINDOW: Final = 65_535  # what the server may send, since we never enlarge it
_MAX_MESSAGE: Final = 4 << 20
_SETTINGS_ACK: Final = frames.write(frames.SETTINGS, frames.ACK, 0, b"")
#: A call that ends well without an answer: grpc-go 1.72 lets this error through bare.
_NOTHING: Final = Status(None, "EOF")


class Exchange:
    """One call, from the server's first SETTINGS to a message, a status or a broken connection.

    After each `receive` look at `finished`, then at the others: `message` is the answer, `failure`
    why there is none, `broken` the text of a dead connection; `unprocessed` tells that the
    server has not looked at the call, so that asking again is safe. `ready` says that the server
    speaks HTTP/2 (grpc-go: the connection is READY).
    """

    __slots__ = (
        "_block",
        "_blocks",
        "_body",
        "_decompressor",
        "_encoding",
        "_ending",
        "_goaway",
        "_headers_seen",
        "_reader",
        "_replies",
        "broken",
        "failure",
        "finished",
        "message",
        "ready",
        "unprocessed",
    )

    def __init__(self, decompressor: Decompressor) -> None:
        self.ready = False
        self.finished = False
        self.message: bytes | None = None
        self.failure = _NOTHING
        self.broken: str | None = None
        self.unprocessed = False
        self._reader = frames.Reader()
        self._decompressor = decompressor
        self._blocks: tuple[bytes, ...] = ()
        self._replies = b""
        self._block: bytes | None = None  # of a HEADERS frame that CONTINUATION must complete
        self._ending = False
        self._headers_seen = False
        self._body = b""
        self._encoding = b""
        self._goaway = ""

    def receive(self, data: bytes) -> bytes:
        """Take what the server sent (b"" for the end); return what must be sent in reply."""
        if not data:
            self.lose("EOF")
            return b""
        self._replies = b""
        try:
            for kind, flags, stream, payload in self._reader.feed(data):
                self._frame(kind, flags, stream, payload)
                if self.finished:
                    return b""
        except frames.FramingError as exc:
            self.lose(str(exc))
        return self._replies

    def lose(self, reason: str) -> None:
        """The connection is dead; `reason` is Go's text for it."""
        self.finished = True
        self.broken = reason
        if not self.ready:
            return
        text = f"error reading from server: {reason}"
        if self._goaway:
            text = (
                f"closing transport due to: connection error: desc = {quote(text)}, "
                f"received prior goaway: {self._goaway}"
            )
        self.failure = Status(status.UNAVAILABLE, text)

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if not self.ready:
            if kind != frames.SETTINGS:
                raise frames.broken(frames.PROTOCOL_ERROR)
            self.ready = True
        if (self._block is not None) != (kind == frames.CONTINUATION):
            raise frames.broken(frames.PROTOCOL_ERROR)
        if kind in _OF_STREAM and stream != _STREAM:
            raise frames.broken(frames.PROTOCOL_ERROR)
        handle = _HANDLERS.get(kind)
        if handle is not None:
            handle(self, flags, payload)

    def _settings(self, flags: int, payload: bytes) -> None:
        if not flags & frames.ACK:
            self._replies += _SETTINGS_ACK

    def _ping(self, flags: int, payload: bytes) -> None:
        if not flags & frames.ACK:
            self._replies += frames.write(frames.PING, frames.ACK, 0, payload)

    def _push_promise(self, flags: int, payload: bytes) -> None:
        raise frames.broken(frames.PROTOCOL_ERROR)

    def _goaway_frame(self, flags: int, payload: bytes) -> None:
        last = int.from_bytes(payload[:4], "big") & 0x7FFF_FFFF
        name = frames.error_name(int.from_bytes(payload[4:8], "big"))
        debug = payload[8:].decode("utf-8", "surrogateescape")
        self._goaway = f"code: {name}" + (f", debug data: {quote(debug)}" if debug else "")
        if last < _STREAM:
            self.unprocessed = True
            text = "the stream is rejected because server is draining the connection"
            self._fail(Status(status.UNAVAILABLE, text))

    def _rst_stream(self, flags: int, payload: bytes) -> None:
        code = int.from_bytes(payload, "big")
        self.unprocessed = code == frames.REFUSED_STREAM
        self._fail(status.of_reset(code, frames.error_name(code)))

    def _headers(self, flags: int, payload: bytes) -> None:
        self._ending = bool(flags & frames.END_STREAM)
        self._header_block(flags, frames.header_block(flags, payload))

    def _continuation(self, flags: int, payload: bytes) -> None:
        self._header_block(flags, (self._block or b"") + payload)

    def _header_block(self, flags: int, block: bytes) -> None:
        if len(block) > MAX_HEADERS:
            self._fail(Status(status.INTERNAL, "peer header list size exceeded limit"))
        elif flags & frames.END_HEADERS:
            self._block = None
            self._decode(block)
        else:
            self._block = block

    def _decode(self, block: bytes) -> None:
        self._blocks = (*self._blocks, block)
        try:
            headers = self._decompressor.headers(self._blocks)
        except HeadersTooLarge:
            self._fail(Status(status.INTERNAL, "peer header list size exceeded limit"))
            return
        except BadHeaders:
            raise frames.broken(frames.COMPRESSION_ERROR) from None
        if self._headers_seen and not self._ending:
            text = "a HEADERS frame cannot appear in the middle of a stream"
            self._fail(Status(status.INTERNAL, text))
            return
        self._judge(headers)

    def _judge(self, headers: Headers) -> None:
        refusal = headers.refusal(first=not self._headers_seen)
        if headers.informational:
            if not self._ending:
                return
            code = printable(to_text(headers.http or b""))
            text = f"informational header with status code {code} must not have END_STREAM set"
            refusal = Status(status.INTERNAL, f"protocol error: {text}")
        if refusal is not None:
            self._fail(refusal)
        elif self._ending:
            self._end(headers.status())
        else:
            self._headers_seen = True
            self._encoding = headers.encoding

    def _data(self, flags: int, payload: bytes) -> None:
        if not self._headers_seen:
            raise frames.broken(frames.PROTOCOL_ERROR)
        self._body += frames.unpadded(flags, payload)
        trouble = _payload_trouble(self._body, self._encoding)
        if trouble is not None:
            self._fail(trouble)
        elif flags & frames.END_STREAM:
            text = "server closed the stream without sending trailers"
            self._fail(Status(status.INTERNAL, text))

    def _end(self, final: Status) -> None:
        """The trailers have come: the call is over."""
        size = int.from_bytes(self._body[1:5], "big")
        if final.code != status.OK:
            self._fail(final)
        elif not self._body:
            self._fail(_NOTHING)
        elif len(self._body) < 5 + size:
            self._fail(Status(status.INTERNAL, "unexpected EOF"))
        else:
            self.finished = True
            self.message = self._body[5:]

    def _fail(self, failure: Status) -> None:
        self.finished = True
        self.failure = failure


def _payload_trouble(body: bytes, encoding: bytes) -> Status | None:
    """Return why the message so far cannot be taken (grpc-go: checkRecvPayload), or None."""
    size = int.from_bytes(body[1:5], "big")
    if body[:1] == b"\1":
        text = "grpc: compressed flag set with identity or empty encoding"
        if encoding not in (b"", b"identity"):
            name = quote(to_text(encoding))
            text = f"grpc: Decompressor is not installed for grpc-encoding {name}"
        return Status(status.INTERNAL, text)
    if body[:1] > b"\1":
        return Status(status.INTERNAL, f"grpc: received unexpected payload format {body[0]}")
    if len(body) >= 5 and size > _MAX_MESSAGE:
        text = f"grpc: received message larger than max ({size} vs. {_MAX_MESSAGE})"
        return Status(status.RESOURCE_EXHAUSTED, text)
    if len(body) > 5 + size:
        text = "expected <EOF> for non server-streaming RPCs, but received another message"
        return Status(status.INTERNAL, f"cardinality violation: {text}")
    if len(body) > _WINDOW:
        text = f"received {len(body)}-bytes data exceeding the limit {_WINDOW} bytes"
        return Status(status.INTERNAL, text)
    return None


_OF_STREAM = frozenset({frames.DATA, frames.HEADERS, frames.CONTINUATION, frames.RST_STREAM})
_HANDLERS: dict[int, Callable[[Exchange, int, bytes], None]] = {
    frames.DATA: Exchange._data,
    frames.HEADERS: Exchange._headers,
    frames.RST_STREAM: Exchange._rst_stream,
    frames.SETTINGS: Exchange._settings,
    frames.PUSH_PROMISE: Exchange._push_promise,
    frames.PING: Exchange._ping,
    frames.GOAWAY: Exchange._goaway_frame,
    frames.CONTINUATION: Exchange._continuation,
}
