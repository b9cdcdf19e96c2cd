"""Messages as they may come: odd, damaged, endless."""

from __future__ import annotations

import pytest

from agent.api.protobuf import wire
from agent.api.protobuf.body import read_body
from agent.api.protobuf.decode import MAX_MESSAGES
from agent.api.protobuf.wire import ProtobufError


def body(kind: str, raw: bytes, api_version: str = "v1") -> bytes:
    named = wire.bytes_field(1, api_version.encode()) + wire.bytes_field(2, kind.encode())
    return b"k8s\x00" + wire.bytes_field(1, named) + wire.bytes_field(2, raw)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (wire.number_field(1, 5), "wrong wireType = 0 for field metadata"),
        (wire.bytes_field(4, b""), "wrong wireType = 2 for field immutable"),
        (wire.bytes_field(1, wire.bytes_field(8, wire.bytes_field(1, b""))), "two numbers"),
        (
            wire.bytes_field(1, wire.bytes_field(8, wire.number_field(1, 2**62))),
            "a time is out of range",
        ),
    ],
)
def test_values_of_another_type_are_refused(raw: bytes, text: str) -> None:
    with pytest.raises(ProtobufError) as caught:
        read_body(body("ConfigMap", raw))
    assert text in str(caught.value)


def test_unknown_fields_are_skipped_and_the_last_value_counts() -> None:
    raw = (
        wire.number_field(99, 1)
        + wire.varint(98 << 3 | wire.FIXED64)
        + bytes(8)
        + wire.bytes_field(1, wire.bytes_field(1, b"a"))
        + wire.bytes_field(1, wire.bytes_field(3, b"d") + wire.bytes_field(1, b"b"))
    )
    assert read_body(body("ConfigMap", raw)).value["metadata"] == {"name": "b", "namespace": "d"}


def test_packed_numbers_are_read() -> None:
    context = wire.bytes_field(4, wire.varint(1) + wire.varint(-2))
    spec = wire.bytes_field(14, context)
    value = read_body(body("Pod", wire.bytes_field(2, spec))).value
    assert value["spec"]["securityContext"] == {"supplementalGroups": [1, -2]}


def test_a_body_cannot_hold_endless_messages() -> None:
    raw = wire.bytes_field(2, wire.bytes_field(2, b"") * (MAX_MESSAGES + 1))
    with pytest.raises(ProtobufError, match="too many messages"):
        read_body(body("Pod", raw))
