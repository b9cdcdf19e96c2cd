"""One call over HTTP/2: what is answered, what ends it, and that no split of the bytes matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.action.h2 import frames
from agent.action.h2.decompress import Decompressor
from agent.action.h2.exchange import Exchange
from tests.support import h2

SERVING = bytes((8, 1))
SETTINGS_ACK = frames.write(frames.SETTINGS, frames.ACK, 0, b"")


def received(*parts: bytes) -> Exchange:
    exchange = Exchange(Decompressor())
    for part in parts:
        exchange.receive(part)
    return exchange


def test_settings_are_acknowledged_and_make_the_connection_ready() -> None:
    exchange = Exchange(Decompressor())

    assert exchange.receive(h2.SETTINGS) == SETTINGS_ACK
    assert exchange.ready
    assert not exchange.finished


def test_an_acknowledgement_of_settings_is_not_acknowledged() -> None:
    exchange = received(h2.SETTINGS)

    assert exchange.receive(SETTINGS_ACK) == b""


def test_a_ping_is_answered_with_its_own_data() -> None:
    exchange = received(h2.SETTINGS)

    assert exchange.receive(frames.write(frames.PING, 0, 0, b"12345678")) == frames.write(
        frames.PING, frames.ACK, 0, b"12345678"
    )
    assert exchange.receive(frames.write(frames.PING, frames.ACK, 0, b"12345678")) == b""


def test_frames_that_do_not_matter_are_ignored() -> None:
    exchange = received(h2.SETTINGS)
    window = frames.write(frames.WINDOW_UPDATE, 0, 0, (1000).to_bytes(4, "big"))

    assert exchange.receive(window + frames.write(0xFA, 0, 0, b"future")) == b""
    assert not exchange.finished


@given(st.lists(st.integers(1, 30), min_size=1))
def test_an_answer_may_arrive_in_any_pieces(sizes: list[int]) -> None:
    ping = frames.write(frames.PING, 0, 0, bytes(8))
    data, exchange, turn = h2.SETTINGS + ping + h2.answered(1)[9:], Exchange(Decompressor()), 0
    while data:
        size = sizes[turn % len(sizes)]
        exchange.receive(data[:size])
        data, turn = data[size:], turn + 1

    assert exchange.finished
    assert exchange.message == SERVING


def test_a_message_may_come_in_several_padded_frames() -> None:
    body = h2.message(SERVING)
    pieces = b"".join(
        frames.write(frames.DATA, frames.PADDED, 1, b"\x02" + body[at : at + 1] + b"\0\0")
        for at in range(len(body))
    )
    exchange = received(h2.SETTINGS + h2.headers() + pieces + h2.trailers())

    assert exchange.message == SERVING


def test_headers_may_be_continued_in_further_frames() -> None:
    block = h2.block(h2.OPENING)
    opening = frames.write(frames.HEADERS, 0, 1, block[:3])
    opening += frames.write(frames.CONTINUATION, 0, 1, block[3:5])
    opening += frames.write(frames.CONTINUATION, frames.END_HEADERS, 1, block[5:])
    exchange = received(h2.SETTINGS + opening + h2.data(h2.message(SERVING)) + h2.trailers())

    assert exchange.message == SERVING


def test_trailers_may_be_continued_too() -> None:
    block = h2.block([("grpc-status", "0")])
    closing = frames.write(frames.HEADERS, frames.END_STREAM, 1, block[:1])
    closing += frames.write(frames.CONTINUATION, frames.END_HEADERS, 1, block[1:])
    exchange = received(h2.SETTINGS + h2.headers() + h2.data(h2.message(SERVING)) + closing)

    assert exchange.message == SERVING


@pytest.mark.parametrize(
    "broken",
    [
        frames.write(frames.CONTINUATION, 0, 1, b"x"),
        frames.write(frames.HEADERS, 0, 1, b"\x88") + frames.write(frames.PING, 0, 0, bytes(8)),
        frames.write(frames.HEADERS, frames.END_HEADERS, 3, b"\x88"),
        frames.write(frames.DATA, 0, 1, b"before the headers"),
        frames.write(frames.PUSH_PROMISE, frames.END_HEADERS, 1, bytes(4)),
    ],
    ids=["continuation of nothing", "interrupted headers", "foreign stream", "early data", "push"],
)
def test_a_server_that_breaks_the_protocol_loses_the_connection(broken: bytes) -> None:
    exchange = received(h2.SETTINGS, broken)

    assert exchange.broken == "connection error: PROTOCOL_ERROR"
    assert str(exchange.failure) == (
        "rpc error: code = Unavailable desc = "
        "error reading from server: connection error: PROTOCOL_ERROR"
    )


def test_headers_that_do_not_decompress_break_the_connection() -> None:
    garbage = frames.write(frames.HEADERS, frames.END_HEADERS, 1, b"\xff\xff\xff\xff\xff")
    exchange = received(h2.SETTINGS, garbage)

    assert exchange.broken == "connection error: COMPRESSION_ERROR"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (h2.headers(), "connection error: PROTOCOL_ERROR"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "http2: frame too large"),
        (b"", "EOF"),
    ],
    ids=["no settings first", "http/1", "closed"],
)
def test_a_connection_without_settings_was_never_ready(said: bytes, reason: str) -> None:
    exchange = received(said)

    assert exchange.finished
    assert not exchange.ready
    assert exchange.broken == reason


def test_headers_without_end_are_not_collected_for_ever() -> None:
    exchange = received(h2.SETTINGS, frames.write(frames.HEADERS, 0, 1, bytes(16_000)))
    turns = 0
    while not exchange.finished and turns < 100:
        exchange.receive(frames.write(frames.CONTINUATION, 0, 1, bytes(16_000)))
        turns += 1

    assert turns < 6
    assert exchange.failure.message == "peer header list size exceeded limit"


def test_headers_that_grow_when_decompressed_are_not_collected_either() -> None:
    bomb = h2.block([("x", "y" * 4000)]) + b"\xbe" * 1000  # a thousand times the same field
    exchange = received(h2.SETTINGS, frames.write(frames.HEADERS, frames.END_HEADERS, 1, bomb))

    assert exchange.failure.message == "peer header list size exceeded limit"


def test_a_server_may_not_send_more_than_the_window() -> None:
    exchange = received(h2.SETTINGS + h2.headers() + h2.data(b"\0\0\x20\0\0"))
    turns = 0
    while not exchange.finished and turns < 10:
        exchange.receive(h2.data(bytes(frames.MAX_FRAME)))
        turns += 1

    assert turns == 4
    assert exchange.failure.message == "received 65541-bytes data exceeding the limit 65535 bytes"


def test_nothing_is_answered_once_the_verdict_is_known() -> None:
    exchange = Exchange(Decompressor())

    assert exchange.receive(h2.answered(1)) == b""
    assert exchange.message == SERVING


def test_words_of_farewell_that_are_not_text_are_escaped() -> None:
    exchange = received(h2.SETTINGS + h2.goaway(1, 2, b"bye \xff"), b"")

    assert exchange.failure.message.endswith(
        'received prior goaway: code: INTERNAL_ERROR, debug data: "bye \\xff"'
    )
