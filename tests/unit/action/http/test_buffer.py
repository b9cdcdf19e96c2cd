"""The buffer gives lines and bytes in order, however they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.action.http.buffer import Buffer


def filled(data: bytes, *, ended: bool = False) -> Buffer:
    buffer = Buffer()
    buffer.feed(data)
    buffer.ended = ended
    return buffer


def test_a_line_is_read_without_its_end() -> None:
    buffer = filled(b"a\r\nb\nc\r\r\n\nrest")

    assert [buffer.line() for _ in range(5)] == [b"a", b"b", b"c\r", b"", None]
    assert buffer.peek(9) == b"rest"


def test_at_the_end_half_a_line_is_one() -> None:
    buffer = filled(b"half\r", ended=True)

    assert buffer.line() == b"half\r"
    assert buffer.line() is None


def test_a_line_is_complete_when_the_rest_arrives() -> None:
    buffer = filled(b"ha")
    assert buffer.line() is None

    buffer.feed(b"lf\r\nnext")

    assert buffer.line() == b"half"
    assert len(buffer) == 4


def test_searching_is_counted_from_the_front() -> None:
    buffer = filled(b"0123456789")
    buffer.take(3)

    assert buffer.find(b"5") == 2
    assert buffer.find(b"5", 2) == -1
    assert buffer.peek(2, skip=1) == b"45"


def test_spaces_are_counted() -> None:
    assert filled(b" \t x").skip_spaces() == 3


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r\n", b"bc", b" "])))
def test_lines_do_not_depend_on_how_they_arrive(parts: list[bytes]) -> None:
    whole, slow = filled(b"".join(parts)), Buffer()
    lines: list[bytes] = []

    for part in parts:
        slow.feed(part)
        while (line := slow.line()) is not None:
            lines.append(line)

    assert lines == list(iter(whole.line, None))
