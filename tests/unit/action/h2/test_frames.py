"""HTTP/2 frames are written and cut as RFC 9113 says, and illegal ones are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.action.h2 import frames


def read(data: bytes) -> list[frames.Frame]:
    return list(frames.Reader().feed(data))


@given(
    st.lists(
        st.tuples(
            st.integers(10, 255), st.integers(0, 255), st.integers(0, 2**31 - 1), st.binary()
        ),
        max_size=5,
    ),
    st.lists(st.integers(1, 20), min_size=1),
)
def test_frames_come_out_as_they_went_in_however_the_bytes_arrive(
    sent: list[frames.Frame], sizes: list[int]
) -> None:
    stream = b"".join(frames.write(*frame) for frame in sent)
    got: list[frames.Frame] = []
    reader, turn = frames.Reader(), 0
    while stream:
        size = sizes[turn % len(sizes)]
        got += reader.feed(stream[:size])
        stream, turn = stream[size:], turn + 1

    assert got == sent


def test_a_consumer_that_stops_early_loses_nothing() -> None:
    reader = frames.Reader()
    first, second = frames.write(11, 0, 1, b"a"), frames.write(12, 0, 1, b"b")

    assert next(reader.feed(first + second)) == (11, 0, 1, b"a")
    assert list(reader.feed(b"")) == [(12, 0, 1, b"b")]


def test_a_frame_of_the_largest_size_is_read() -> None:
    payload = bytes(frames.MAX_FRAME)

    assert read(frames.write(frames.DATA, 0, 1, payload)) == [(frames.DATA, 0, 1, payload)]


@pytest.mark.parametrize(
    "greeting",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x46", b"SSH-2.0-OpenSSH\r\n"],
    ids=["http", "tls", "ssh"],
)
def test_a_server_of_another_protocol_sends_a_frame_that_is_too_large(greeting: bytes) -> None:
    with pytest.raises(frames.FramingError, match="http2: frame too large"):
        read(greeting + bytes(9))


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        (frames.write(frames.DATA, 0, 0, b"x"), "PROTOCOL_ERROR"),
        (frames.write(frames.HEADERS, 0, 0, b"x"), "PROTOCOL_ERROR"),
        (frames.write(frames.CONTINUATION, 0, 0, b"x"), "PROTOCOL_ERROR"),
        (frames.write(frames.RST_STREAM, 0, 0, bytes(4)), "PROTOCOL_ERROR"),
        (frames.write(frames.SETTINGS, 0, 1, b""), "PROTOCOL_ERROR"),
        (frames.write(frames.PING, 0, 1, bytes(8)), "PROTOCOL_ERROR"),
        (frames.write(frames.GOAWAY, 0, 3, bytes(8)), "PROTOCOL_ERROR"),
        (frames.write(frames.SETTINGS, 0, 0, bytes(5)), "FRAME_SIZE_ERROR"),
        (frames.write(frames.SETTINGS, frames.ACK, 0, bytes(6)), "FRAME_SIZE_ERROR"),
        (frames.write(frames.PING, 0, 0, bytes(7)), "FRAME_SIZE_ERROR"),
        (frames.write(frames.RST_STREAM, 0, 1, bytes(3)), "FRAME_SIZE_ERROR"),
        (frames.write(frames.WINDOW_UPDATE, 0, 0, bytes(5)), "FRAME_SIZE_ERROR"),
        (frames.write(frames.GOAWAY, 0, 0, bytes(7)), "FRAME_SIZE_ERROR"),
        (frames.write(frames.PRIORITY, 0, 1, bytes(4)), "FRAME_SIZE_ERROR"),
    ],
)
def test_an_illegal_frame_breaks_the_connection(frame: bytes, name: str) -> None:
    with pytest.raises(frames.FramingError, match=f"^connection error: {name}$"):
        read(frame)


def test_padding_is_taken_off() -> None:
    assert frames.unpadded(frames.PADDED, b"\x03body\0\0\0") == b"body"
    assert frames.unpadded(frames.PADDED, b"\x00body") == b"body"
    assert frames.unpadded(0, b"\x03body") == b"\x03body"


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x05abcd"])
def test_more_padding_than_payload_is_refused(payload: bytes) -> None:
    with pytest.raises(frames.FramingError, match="PROTOCOL_ERROR"):
        frames.unpadded(frames.PADDED, payload)


def test_the_priority_of_headers_is_skipped() -> None:
    flags = frames.WITH_PRIORITY | frames.PADDED

    assert frames.header_block(flags, b"\x02" + bytes(5) + b"block\0\0") == b"block"
    with pytest.raises(frames.FramingError, match="PROTOCOL_ERROR"):
        frames.header_block(frames.WITH_PRIORITY, bytes(4))


@pytest.mark.parametrize("size", [0, 1, frames.MAX_FRAME, frames.MAX_FRAME + 1, 40_000])
def test_long_data_is_split_and_only_the_last_frame_ends_the_stream(size: int) -> None:
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    parts = read(frames.write_data(1, payload))

    assert b"".join(part[3] for part in parts) == payload
    assert [part[1] for part in parts] == [0] * (len(parts) - 1) + [frames.END_STREAM]


@pytest.mark.parametrize(
    ("code", "name"),
    [(0, "NO_ERROR"), (13, "HTTP_1_1_REQUIRED"), (14, "unknown error code 0xe")],
)
def test_error_codes_have_names(code: int, name: str) -> None:
    assert frames.error_name(code) == name
