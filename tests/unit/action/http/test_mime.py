"""Header lines are read as Go reads them."""

from __future__ import annotations

import pytest

from agent.action.http.buffer import Buffer
from agent.action.http.mime import EndOfInput, MIMEReader, ProtocolError

WANTED = frozenset((b"a", b"b"))


def reader(data: bytes, *, ended: bool = False) -> tuple[MIMEReader, Buffer]:
    buffer = Buffer()
    buffer.feed(data)
    buffer.ended = ended
    return MIMEReader(buffer, WANTED), buffer


def test_wanted_headers_are_kept_and_the_rest_is_left_in_the_buffer() -> None:
    headers, buffer = reader(b"A: 1\r\nC: no\r\na:2\r\nB:\r\n\r\nbody")

    assert headers.read()

    assert headers.found == {b"a": [b"1", b"2"], b"b": [b""]}
    assert buffer.peek(9) == b"body"


def test_a_folded_value_is_one_value() -> None:
    headers, _ = reader(b"A: 1\r\n  2 \r\n\t3\r\n\r\n")

    assert headers.read()

    assert headers.found == {b"a": [b"1 2 3"]}


def test_a_line_counts_when_the_byte_after_it_is_known() -> None:
    headers, buffer = reader(b"A: \x01\r\n")
    assert not headers.read()

    buffer.feed(b"B")

    with pytest.raises(ProtocolError, match="malformed MIME header line"):
        headers.read()


def test_a_line_without_colon_is_refused_at_once() -> None:
    headers, _ = reader(b"NoColon\r\n")

    with pytest.raises(ProtocolError, match='missing colon: "NoColon"'):
        headers.read()


def test_a_long_continuation_in_front_is_not_quoted() -> None:
    headers, _ = reader(b" " + b"x" * 80 + b"\r\n")

    with pytest.raises(ProtocolError, match="message too large"):
        headers.read()


@pytest.mark.parametrize("data", [b"", b"A: 1", b"A: 1\r\n", b"A: 1\r\n "])
def test_an_end_within_the_headers_is_told(data: bytes) -> None:
    headers, _ = reader(data, ended=True)

    with pytest.raises(EndOfInput):
        headers.read()
