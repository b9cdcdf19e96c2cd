"""What an HTTP/2 server says, as bytes: for tests of the gRPC handler."""

from __future__ import annotations

from collections.abc import Iterable

from hpack import Encoder

from agent.action.h2 import frames

SETTINGS = frames.write(frames.SETTINGS, 0, 0, b"")
Fields = Iterable[tuple[str, str]]
OPENING: Fields = ((":status", "200"), ("content-type", "application/grpc"))


def block(fields: Fields) -> bytes:
    """One header block, as a real server compresses it."""
    return Encoder().encode(list(fields))


def headers(fields: Fields = OPENING, *, end: bool = False, stream: int = 1) -> bytes:
    """One HEADERS frame."""
    flags = frames.END_HEADERS | (frames.END_STREAM if end else 0)
    return frames.write(frames.HEADERS, flags, stream, block(fields))


def data(payload: bytes, *, end: bool = False) -> bytes:
    """One DATA frame."""
    return frames.write(frames.DATA, frames.END_STREAM if end else 0, 1, payload)


def message(payload: bytes, *, compressed: int = 0) -> bytes:
    """One gRPC message with its five bytes of prefix."""
    return bytes((compressed,)) + len(payload).to_bytes(4, "big") + payload


def trailers(status: str = "0", text: str | None = None) -> bytes:
    """The end of a call."""
    fields = [("grpc-status", status)]
    if text is not None:
        fields.append(("grpc-message", text))
    return headers(fields, end=True)


def answered(status: int) -> bytes:
    """A whole answer of a health server."""
    payload = bytes((8, status)) if status else b""
    return SETTINGS + headers() + data(message(payload)) + trailers()


def rst_stream(code: int) -> bytes:
    """The call is thrown out."""
    return frames.write(frames.RST_STREAM, 0, 1, code.to_bytes(4, "big"))


def goaway(last: int, code: int = 0, debug: bytes = b"") -> bytes:
    """The connection comes to its end."""
    payload = last.to_bytes(4, "big") + code.to_bytes(4, "big") + debug
    return frames.write(frames.GOAWAY, 0, 0, payload)
