"""SPDY frames, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.streaming.spdy import frames
from agent.api.streaming.spdy.frames import Frame, FramingError, Reader


def test_a_frame_is_read_as_it_was_written() -> None:
    written = (
        frames.write_of(frames.SYN_STREAM, frames.FIN, 5, bytes(6) + b"block")
        + frames.write_data(5, b"hello")
        + frames.write_data(5, b"", frames.FIN)
        + frames.write_numbers(frames.WINDOW_UPDATE, 5, 77)
        + frames.write(frames.PING, 0, b"\0\0\0\3")
    )

    assert list(Reader().feed(written)) == [
        Frame(frames.SYN_STREAM, frames.FIN, 5, bytes(6) + b"block"),
        Frame(frames.DATA, 0, 5, b"hello"),
        Frame(frames.DATA, frames.FIN, 5, b""),
        Frame(frames.WINDOW_UPDATE, 0, 5, b"\0\0\0\x4d"),
        Frame(frames.PING, 0, 0, b"\0\0\0\3"),
    ]


def test_the_bytes_are_those_of_the_specification() -> None:
    assert frames.write_numbers(frames.RST_STREAM, 3, frames.CANCEL) == bytes.fromhex(
        "8003 0003 00 000008 00000003 00000005"
    )
    assert frames.write_data(1, b"ab", frames.FIN) == bytes.fromhex("00000001 01 000002 6162")


@given(st.lists(st.integers(1, 40), min_size=1), st.binary(max_size=200))
def test_frames_may_come_in_any_pieces(sizes: list[int], data: bytes) -> None:
    written = frames.write_data(1, data, frames.FIN) + frames.write_numbers(frames.PING, 1)
    reader, got, at = Reader(), [], 0
    for size in [*sizes, len(written)]:
        got += list(reader.feed(written[at : at + size]))
        at += size

    *pieces, last = got
    assert b"".join(piece.payload for piece in pieces) == data
    assert [piece.flags for piece in pieces] == [0] * (len(pieces) - 1) + [frames.FIN]
    assert last.kind == frames.PING


def test_a_long_data_frame_is_passed_on_as_it_comes() -> None:
    reader = Reader()
    head = frames.write_data(1, bytes(1000), frames.FIN)[:8]

    assert list(reader.feed(head + b"x" * 10)) == [Frame(frames.DATA, 0, 1, b"x" * 10)]
    assert list(reader.feed(b"y" * 990)) == [Frame(frames.DATA, frames.FIN, 1, b"y" * 990)]


def test_unknown_control_frames_are_passed_over() -> None:
    assert list(Reader().feed(frames.write(99, 0, b"what") + frames.write_data(1, b"x"))) == [
        Frame(frames.DATA, 0, 1, b"x")
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 8,
        b"\x80\x02\x00\x01\x00\x00\x00\x0a",  # SPDY/2
        b"\x80\x03\x00\x01\x00\x02\x00\x00",  # 128 KiB of headers
        frames.write(frames.PING, 0, b""),
        frames.write(frames.SYN_STREAM, 0, b"\0\0\0\1"),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(FramingError):
        list(Reader().feed(data))


@given(st.binary(max_size=300))
def test_no_garbage_does_more_than_being_refused(data: bytes) -> None:
    try:
        for frame in Reader().feed(data):
            assert frame.stream >= 0
    except FramingError:
        pass


def test_settings_may_say_how_large_windows_are() -> None:
    entry = b"\0\0\0\4" + (9).to_bytes(4, "big") + b"\1\0\0\7" + (1000).to_bytes(4, "big")

    assert frames.initial_window(b"\0\0\0\2" + entry) == 1000
    assert frames.initial_window(b"\0\0\0\1" + entry[:8]) is None
    assert frames.initial_window(b"\0\0\0\0") is None


def test_a_header_block_that_promises_too_much_is_refused() -> None:
    for block in (b"\0\0\0\1", b"\xff" * 12, b"\0\0\0\1\0\0\0\1a\0\0\0\2b"):
        with pytest.raises(FramingError):
            frames.block_to_pairs(block)
