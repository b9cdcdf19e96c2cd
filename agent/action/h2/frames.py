"""How are HTTP/2 frames written and read? (RFC 9113 section 4 and 6, client side)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA: Final = 0
HEADERS: Final = 1
PRIORITY: Final = 2
RST_STREAM: Final = 3
SETTINGS: Final = 4
PUSH_PROMISE: Final = 5
PING: Final = 6
GOAWAY: Final = 7
WINDOW_UPDATE: Final = 8
CONTINUATION: Final = 9

END_STREAM: Final = 0x1
ACK: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
WITH_PRIORITY: Final = 0x20

MAX_FRAME: Final = 16_384  # nobody may send more to us, since we ask for no other limit

PROTOCOL_ERROR: Final = 1
FLOW_CONTROL_ERROR: Final = 3
FRAME_SIZE_ERROR: Final = 6
REFUSED_STREAM: Final = 7
COMPRESSION_ERROR: Final = 9

_ERROR_NAMES = (
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
)

#: The length each type must have, where it is fixed.
_FIXED_LENGTH = {RST_STREAM: 4, PING: 8, WINDOW_UPDATE: 4, PRIORITY: 5}
_OF_A_STREAM = frozenset({DATA, HEADERS, PRIORITY, RST_STREAM, PUSH_PROMISE, CONTINUATION})
_OF_THE_CONNECTION = frozenset({SETTINGS, PING, GOAWAY})

Frame = tuple[int, int, int, bytes]  # type, flags, stream, payload


class FramingError(Exception):
    """The peer broke the protocol; the text is what Go's framer says."""


def error_name(code: int) -> str:
    """Return the name of an HTTP/2 error code as Go prints it."""
    if code < len(_ERROR_NAMES):
        return _ERROR_NAMES[code]
    return f"unknown error code 0x{code:x}"


def broken(code: int) -> FramingError:
    """Return the exception for a connection error."""
    return FramingError(f"connection error: {error_name(code)}")


def write(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return one frame."""
    head = len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big")
    return head + payload


def write_data(stream: int, payload: bytes) -> bytes:
    """Return the DATA frames that carry `payload` and end the stream."""
    starts = range(0, max(len(payload), 1), MAX_FRAME)
    return b"".join(
        write(
            DATA,
            END_STREAM if start + MAX_FRAME >= len(payload) else 0,
            stream,
            payload[start : start + MAX_FRAME],
        )
        for start in starts
    )


def literal(index: int, name: bytes, value: bytes) -> bytes:
    """Return one HPACK header field that no table remembers (RFC 7541 section 6.2.2).

    `index` is the name's place in the static table, or 0 with the name spelled out.
    """
    head = _integer(index, 4) if index else b"\0" + _integer(len(name), 7) + name
    return head + _integer(len(value), 7) + value


def _integer(value: int, prefix: int) -> bytes:
    """An HPACK integer whose first byte has `prefix` free bits."""
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes((value,))
    out = bytearray((limit,))
    value -= limit
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def fields(pairs: Iterable[tuple[int, bytes, bytes]]) -> bytes:
    """Return a header block of literals."""
    return b"".join(literal(*pair) for pair in pairs)


class Reader:
    """Cuts a byte stream into frames whose lengths and streams are legal."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames complete so far; raises FramingError on an illegal one."""
        data = self._rest + data
        at = 0
        while len(data) - at >= 9:
            length = int.from_bytes(data[at : at + 3], "big")
            if length > MAX_FRAME:
                raise FramingError("http2: frame too large")
            end = at + 9 + length
            if len(data) < end:
                break
            kind, flags = data[at + 3], data[at + 4]
            stream = int.from_bytes(data[at + 5 : at + 9], "big") & 0x7FFF_FFFF
            _check(kind, flags, stream, length)
            self._rest = data[end:]  # consistent even when the consumer stops here
            yield kind, flags, stream, data[at + 9 : end]
            at = end
        self._rest = data[at:]


def _check(kind: int, flags: int, stream: int, length: int) -> None:
    """Refuse a frame that no well-behaved peer sends."""
    if (kind in _OF_A_STREAM and stream == 0) or (kind in _OF_THE_CONNECTION and stream != 0):
        raise broken(PROTOCOL_ERROR)
    if kind == SETTINGS:
        wrong = length % 6 != 0 or (flags & ACK and length != 0)
    elif kind == GOAWAY:
        wrong = length < 8
    else:
        wrong = length != _FIXED_LENGTH.get(kind, length)
    if wrong:
        raise broken(FRAME_SIZE_ERROR)


def unpadded(flags: int, payload: bytes) -> bytes:
    """Return the payload of DATA or HEADERS without its padding."""
    if not flags & PADDED:
        return payload
    if not payload or payload[0] > len(payload) - 1:
        raise broken(PROTOCOL_ERROR)
    return payload[1 : len(payload) - payload[0]]


def header_block(flags: int, payload: bytes) -> bytes:
    """Return the header block fragment of a HEADERS frame."""
    block = unpadded(flags, payload)
    if not flags & WITH_PRIORITY:
        return block
    if len(block) < 5:
        raise broken(PROTOCOL_ERROR)
    return block[5:]
