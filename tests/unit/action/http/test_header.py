"""Header names and lists are understood as Go understands them."""

from __future__ import annotations

import pytest

from agent.action.http.header import canonical, first, has_word, lists_token


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (b"HOST", b"Host"),
        (b"FOO-bAR", b"Foo-Bar"),
        (b"x_y", b"X_y"),
        (b"-a-", b"-A-"),
        (b"a b", b"a b"),
        ("é".encode(), "é".encode()),
        (b"", b""),
    ],
)
def test_names_are_written_canonically(name: bytes, written: bytes) -> None:
    assert canonical(name) == written


def test_the_first_value_counts() -> None:
    assert first({b"A": (b"1", b"2")}, b"A") == b"1"
    assert first({}, b"A") == b""


@pytest.mark.parametrize(
    ("value", "listed", "word"),
    [
        (b"close", True, True),
        (b"Keep-Alive, Close", True, True),
        (b"keep-alive\tclose", False, True),
        (b"closed", False, False),
        (b"", False, False),
    ],
)
def test_tokens_are_found_between_commas_and_words_between_blanks(
    value: bytes, listed: bool, word: bool
) -> None:
    assert lists_token([b"x", value], b"close") is listed
    assert has_word(value, b"close") is word
