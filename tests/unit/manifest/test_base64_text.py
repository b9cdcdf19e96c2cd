"""Base64 is refused where Go refuses it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.manifest.base64_text import decode, encode, error_at


@given(st.binary())
def test_what_is_encoded_is_well_formed_and_read_back(data: bytes) -> None:
    text = encode(data).encode()

    assert error_at(text) is None
    assert decode(text) == data


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (b"", None),
        (b"aG\nk=\r\n", None),
        (b"aGk", 0),
        (b"aGkhaGk", 4),
        (b"a", 0),
        (b"=", 0),
        (b"a===", 1),
        (b"aG=", 3),
        (b"aG=x", 2),
        (b"aGk=x", 4),
        (b"aG==\n=", 5),
        (b"aGk h", 3),
    ],
)
def test_the_first_wrong_byte_is_found(text: bytes, wrong: int | None) -> None:
    assert error_at(text) == wrong
