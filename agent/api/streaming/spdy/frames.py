"""How are SPDY/3.1 frames written and read? (SPDY draft 3.1, section 2.2 and 2.6)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

SYN_STREAM: Final = 1
SYN_REPLY: Final = 2
RST_STREAM: Final = 3
SETTINGS: Final = 4
PING: Final = 6
GOAWAY: Final = 7
HEADERS: Final = 8
WINDOW_UPDATE: Final = 9
#: Not a type of the protocol: data frames have none.
DATA: Final = 0

FIN: Final = 0x01

# Reasons in RST_STREAM.
PROTOCOL_ERROR: Final = 1
INVALID_STREAM: Final = 2
REFUSED_STREAM: Final = 3
CANCEL: Final = 5

#: The longest control frame that we read; data is read in pieces, however long its frame.
MAX_CONTROL: Final = 1 << 16

_HEAD: Final = 8
_CONTROL: Final = 0x80
_VERSION: Final = 3
_ID: Final = 0x7FFF_FFFF
_INITIAL_WINDOW: Final = 7
#: The least length of each type's payload.
_LEAST: Final = {
    SYN_STREAM: 10,
    SYN_REPLY: 4,
    RST_STREAM: 8,
    SETTINGS: 4,
    PING: 4,
    GOAWAY: 4,
    HEADERS: 4,
    WINDOW_UPDATE: 8,
}


class FramingError(Exception):
    """The peer does not speak SPDY/3.1."""


class Frame(NamedTuple):
    """A frame, or a piece of a data frame; `stream` is 0 for what concerns the connection.

    `payload` is what follows the stream's number.
    """

    kind: int
    flags: int
    stream: int
    payload: bytes


class Reader:
    """Cuts a byte stream into frames."""

    __slots__ = ("_data_flags", "_data_left", "_data_stream", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._data_left = 0
        self._data_stream = 0
        self._data_flags = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield what is complete so far; raises FramingError. To be used up before the next."""
        rest = self._rest + data
        at = 0
        while True:
            if self._data_left:
                piece = rest[at : at + self._data_left]
                if not piece:
                    break
                at += len(piece)
                yield self._piece(piece)
                continue
            head = rest[at : at + _HEAD]
            if len(head) < _HEAD:
                break
            length = int.from_bytes(head[5:], "big")
            if not head[0] & _CONTROL:
                at += _HEAD
                if (frame := self._begin_data(head, length)) is not None:
                    yield frame
                continue
            kind = _control_kind(head, length)
            if len(rest) - at - _HEAD < length:
                break
            payload = rest[at + _HEAD : at + _HEAD + length]
            at += _HEAD + length
            if kind in _LEAST:
                yield _control(kind, head[4], payload)
        self._rest = rest[at:]

    def _begin_data(self, head: bytes, length: int) -> Frame | None:
        """The frame, if it is empty; otherwise its pieces follow."""
        stream = int.from_bytes(head[:4], "big")
        self._data_left, self._data_stream, self._data_flags = length, stream, head[4]
        return None if length else Frame(DATA, head[4], stream, b"")

    def _piece(self, data: bytes) -> Frame:
        self._data_left -= len(data)
        flags = self._data_flags if self._data_left == 0 else 0
        return Frame(DATA, flags, self._data_stream, data)


def _control_kind(head: bytes, length: int) -> int:
    if int.from_bytes(head[:2], "big") & 0x7FFF != _VERSION:
        raise FramingError("not a frame of SPDY/3")
    if length > MAX_CONTROL:
        raise FramingError("control frame too large")
    kind = int.from_bytes(head[2:4], "big")
    if length < _LEAST.get(kind, 0):
        raise FramingError("control frame too short")
    return kind


def _control(kind: int, flags: int, payload: bytes) -> Frame:
    if kind in (SETTINGS, PING, GOAWAY):
        return Frame(kind, flags, 0, payload)
    return Frame(kind, flags, int.from_bytes(payload[:4], "big") & _ID, payload[4:])


def initial_window(settings: bytes) -> int | None:
    """What a SETTINGS frame says about the windows of new streams, if anything."""
    for at in range(4, len(settings) - 7, 8):
        if int.from_bytes(settings[at + 1 : at + 4], "big") == _INITIAL_WINDOW:
            return _number(settings[at + 4 : at + 8]) & _ID
    return None


def number(payload: bytes) -> int:
    """The number that a RST_STREAM or WINDOW_UPDATE carries."""
    return _number(payload[:4]) & _ID


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def write(kind: int, flags: int, payload: bytes) -> bytes:
    """Return one control frame."""
    head = (_CONTROL << 8 | _VERSION).to_bytes(2, "big") + kind.to_bytes(2, "big")
    return head + bytes((flags,)) + len(payload).to_bytes(3, "big") + payload


def write_of(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one control frame that concerns a stream."""
    return write(kind, flags, stream.to_bytes(4, "big") + payload)


def write_data(stream: int, data: bytes, flags: int = 0) -> bytes:
    """Return one data frame, of less than 16 MiB."""
    return stream.to_bytes(4, "big") + bytes((flags,)) + len(data).to_bytes(3, "big") + data


def write_numbers(kind: int, *numbers: int) -> bytes:
    """Return a control frame of numbers: RST_STREAM, WINDOW_UPDATE, GOAWAY, PING."""
    return write(kind, 0, b"".join(one.to_bytes(4, "big") for one in numbers))


def pairs_to_block(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A header block before compression."""
    counted = [_counted(name) + _counted(value) for name, value in pairs]
    return len(counted).to_bytes(4, "big") + b"".join(counted)


def block_to_pairs(block: bytes) -> list[tuple[bytes, bytes]]:
    """What a header block says after decompression; raises FramingError."""
    count, at = _number(block[:4]), 4
    texts: list[bytes] = []
    while len(texts) < 2 * count:
        size = _number(block[at : at + 4])
        at += 4
        if at + size > len(block):
            raise FramingError("header block too short")
        texts.append(block[at : at + size])
        at += size
    return list(zip(texts[::2], texts[1::2], strict=True))


def _counted(text: bytes) -> bytes:
    return len(text).to_bytes(4, "big") + text
