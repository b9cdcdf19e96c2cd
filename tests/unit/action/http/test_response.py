"""Responses are read as far as needed, in pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.action.http.mime import ProtocolError
from agent.action.http.response import MAX_HEAD, Framing, Head, ResponseReader

LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 302 X\r\n",
        b"HTTP/1.1 100 C\r\n",
        b"HTTP/1.0 500\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Location: /x\r\n",
        b"A: b\r\n",
        b" folded\r\n",
        b"bad\r\n",
        b"\r\n",
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"abc",
    ]
)


def outcome(pieces: list[bytes], *, ends: bool) -> tuple[Head | None, bytes | None, str]:
    """Head, body and error after all pieces."""
    reader = ResponseReader()
    head: Head | None = None
    body: bytes | None = None
    try:
        for piece in [*pieces, b""]:
            if piece:
                reader.feed(piece)
            elif ends:
                reader.end()
            head = reader.read_head()
            if head is not None and body is None:
                body = reader.read_body(10)
    except ProtocolError as exc:
        return head, body, str(exc)
    return head, body, ""


@given(st.lists(LINES, max_size=9), st.booleans())
def test_it_does_not_matter_how_a_response_arrives(lines: list[bytes], ends: bool) -> None:
    data = b"".join(lines)

    whole = outcome([data], ends=ends)
    by_bytes = outcome([data[i : i + 1] for i in range(len(data))], ends=ends)

    # A broken body may be noticed before or after enough of it was read.
    if whole[1] is None or by_bytes[1] is None:
        assert whole == by_bytes
    else:
        assert whole[:2] == by_bytes[:2]


def test_interim_responses_are_passed_over() -> None:
    head, body, problem = outcome(
        [b"HTTP/1.1 103 H\r\nLocation: /no\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 2\r\n\r\nok"],
        ends=False,
    )

    assert (head, body, problem) == (Head(201, Framing.LENGTH, 2, b""), b"ok", "")


def test_the_first_location_counts() -> None:
    head, _, _ = outcome(
        [b"HTTP/1.1 302 F\r\nlocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"], ends=False
    )

    assert head == Head(302, Framing.NONE, 0, b"/a")


def test_heads_have_a_limit() -> None:
    reader = ResponseReader()
    reader.feed(b"HTTP/1.1 200 OK\r\n")
    line = b"X: " + b"x" * (1 << 20) + b"\r\n"

    with pytest.raises(ProtocolError, match=f"exceeded {MAX_HEAD} bytes; aborted"):
        for _ in range(11):
            reader.feed(line)
            assert reader.read_head() is None


def test_a_large_head_below_the_limit_is_read() -> None:
    reader = ResponseReader()
    reader.feed(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n")

    assert reader.read_head() == Head(200, Framing.CLOSE, -1, b"")
