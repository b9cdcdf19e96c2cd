"""Chunks are taken apart, however they arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.action.http.buffer import Buffer
from agent.action.http.chunked import ChunkedReader
from agent.action.http.mime import ProtocolError

LIMIT = 10_000


def read(data: bytes, *, ended: bool = False, limit: int = LIMIT) -> tuple[bytes, bool]:
    buffer = Buffer()
    buffer.feed(data)
    buffer.ended = ended
    chunks = ChunkedReader(buffer)
    return chunks.read(limit), chunks.done


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(1, 7))
def test_data_are_the_same_in_pieces_of_any_size(parts: list[bytes], size: int) -> None:
    encoded = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    buffer = Buffer()
    chunks = ChunkedReader(buffer)
    got = b""

    for start in range(0, len(encoded), size):
        assert not chunks.done
        buffer.feed(encoded[start : start + size])
        got += chunks.read(LIMIT)

    assert (got, chunks.done) == (b"".join(parts), True)


def test_reading_stops_at_the_limit() -> None:
    assert read(b"5\r\nhello\r\n5\r\nworld\r\nbad", limit=7) == (b"hellowo", False)


def test_an_unfinished_chunk_gives_what_is_there() -> None:
    assert read(b"5\r\nhe") == (b"he", False)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"2;" + b"x" * 4094 + b"\r\nok", "header line too long"),
        (b"2;" + b"x" * 5000, "header line too long"),
        (b"1;" + b"x" * 36 + b"\r\na\r\n", ""),
        ((b"1;" + b"x" * 36 + b"\r\na\r\n") * 900, "chunked encoding contains too much non-data"),
        (b"0\r\nA: " + b"x" * 4096, "http: suspiciously long trailer after chunked body"),
        (b"0\r\nA : \x01\r\n\r\n", "malformed MIME header line: A : \x01"),
    ],
)
def test_what_wastes_our_time_is_refused(data: bytes, problem: str) -> None:
    if not problem:
        assert read(data) == (b"a", False)
        return

    with pytest.raises(ProtocolError) as caught:
        read(data)

    assert str(caught.value) == problem
