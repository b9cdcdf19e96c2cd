"""The wire format: numbers and lengths. Nothing here knows of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

_BITS: Final = 64
_FIXED: Final = {FIXED64: 8, FIXED32: 4}
_END: Final = "unexpected EOF"


class ProtobufError(ValueError):
    """Bytes that are no message of the kind that they should be."""


def read(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Yield number, wire type and value of each field; raises ProtobufError."""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise ProtobufError(f"illegal tag {number} (wire type {wire})")
        if wire == VARINT:
            value, at = read_varint(data, at)
            yield number, wire, value
            continue
        if wire == BYTES:
            length, at = read_varint(data, at)
        elif wire in _FIXED:
            length = _FIXED[wire]
        else:
            raise ProtobufError(f"illegal wireType {wire}")
        if length > len(data) - at:
            raise ProtobufError(_END)
        yield number, wire, data[at : at + length]
        at += length


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned number at a place, and the place after it; raises ProtobufError."""
    value = shift = 0
    while True:
        if at >= len(data):
            raise ProtobufError(_END)
        if shift >= _BITS:
            raise ProtobufError("integer overflow")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**_BITS - 1), at
        shift += 7


def signed(value: int, bits: int) -> int:
    """Read an unsigned number as one of fewer bits, as Go's conversion does."""
    half = 1 << (bits - 1)
    return (value + half) % (1 << bits) - half


def varint(value: int) -> bytes:
    """Write a number; negative ones have ten bytes."""
    value %= 1 << _BITS
    result = bytearray()
    while value >= 0x80:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def number_field(number: int, value: int) -> bytes:
    """Write a field that holds a number."""
    return varint(number << 3 | VARINT) + varint(value)


def bytes_field(number: int, value: bytes) -> bytes:
    """Write a field that holds bytes."""
    return varint(number << 3 | BYTES) + varint(len(value)) + value
