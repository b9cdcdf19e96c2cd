"""Numbers and lengths on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.protobuf import wire
from agent.api.protobuf.wire import ProtobufError


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_number_comes_back(number: int) -> None:
    value, end = wire.read_varint(wire.varint(number), 0)
    assert wire.signed(value, 64) == number
    assert end == len(wire.varint(number)) <= 10


@pytest.mark.parametrize(
    ("value", "bits", "number"), [(2**64 - 1, 64, -1), (2**31, 32, -(2**31)), (2**32 + 5, 32, 5)]
)
def test_a_number_of_fewer_bits(value: int, bits: int, number: int) -> None:
    assert wire.signed(value, bits) == number


def test_fields_come_in_their_order() -> None:
    data = wire.number_field(1, 5) + wire.bytes_field(2, b"x")
    assert list(wire.read(data)) == [(1, wire.VARINT, 5), (2, wire.BYTES, b"x")]


def test_a_length_beyond_the_end() -> None:
    with pytest.raises(ProtobufError, match="unexpected EOF"):
        list(wire.read(wire.varint(1 << 3 | wire.FIXED32) + b"abc"))
