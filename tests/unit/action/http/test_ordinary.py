"""The short way knows nothing that the long way does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.action.http import ordinary
from agent.action.http.response import ResponseReader

LIMIT = 8
PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 404\r\n",
        b"HTTP/1.1 204 N\r\n",
        b"Content-Length: 3\r\n",
        b"content-length:0\r\n",
        b"Content-Length: 99\r\n",
        b"Content-Length: +3\r\n",
        b"Content-Length : 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"A: b\r\n",
        b"A: \x80\r\n",
        b"A: \x01\r\n",
        b"A b: c\r\n",
        b"bad\r\n",
        b" fold\r\n",
        b"A: b\n",
        b"\n",
        b"\r\n",
        b"abc",
        b"0123456789",
    ]
)


@given(st.lists(PIECES, max_size=7))
def test_what_the_short_way_says_the_long_way_says_too(pieces: list[bytes]) -> None:
    data = b"HTTP/1.1 200 OK\r\n" + b"".join(pieces)
    short = ordinary.read(data, LIMIT)
    if short is None:
        return

    reader = ResponseReader()
    reader.feed(data)
    head = reader.read_head()

    assert head is not None
    assert (head.status, reader.read_body(LIMIT)) == short


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nok", (200, b"ok")),
        (b"HTTP/1.1 503 S\r\ncontent-length: 20\r\n\r\n0123456789", (503, b"01234567")),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", (200, b"")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", None),
        (b"HTTP/1.1 302 F\r\nContent-Length: 2\r\n\r\nok", None),
        (b"HTTP/1.1 200 OK\r\n\r\nok", None),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", None),
    ],
)
def test_ordinary_means_complete_and_plain(data: bytes, answer: tuple[int, bytes] | None) -> None:
    assert ordinary.read(data, LIMIT) == answer
