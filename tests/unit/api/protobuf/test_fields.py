"""The tables know every field of the model, and contradict themselves nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from agent.api.protobuf.decode import MAX_DEPTH
from agent.api.protobuf.fields import Shape, fields_of
from agent.api.protobuf.tables import KINDS, MESSAGES
from agent.manifest import codecs, kinds
from agent.manifest.decode import struct_codec

MODELLED = [kind for kind in KINDS["v1"] if kinds.type_of("v1", kind) is not None]


def _names(message: str) -> set[str]:
    found: set[str] = set()
    for field in fields_of(message):
        found |= _names(field.type) if field.shape is Shape.INLINE else {field.name}
    return found


@pytest.mark.parametrize("kind", MODELLED)
def test_the_tables_know_every_field_of_the_model(kind: str) -> None:
    cls = kinds.type_of("v1", kind)
    assert cls is not None
    waiting, seen = [struct_codec(cls)], set()
    while waiting:
        struct = waiting.pop()
        if struct.cls in seen or struct.cls.__name__ not in MESSAGES:
            continue
        seen.add(struct.cls)
        assert set(struct.names) - {"apiVersion", "kind"} <= _names(struct.cls.__name__) | {
            "apiVersion",
            "kind",
        }
        for name in struct.names:
            codec: Any = struct.member(name)
            while isinstance(codec, (codecs.Pointer, codecs.Sequence, codecs.Map)):
                codec = codec.inner if isinstance(codec, codecs.Pointer) else codec.item
            if isinstance(codec, codecs.Struct):
                waiting.append(codec)
    assert struct_codec(cls).cls in seen


def test_every_message_of_the_tables_is_there_or_left_out_on_purpose() -> None:
    named = {field.type for message in MESSAGES for field in fields_of(message) if field.is_message}
    assert named - MESSAGES.keys() == {"ClusterOnly"}
    for message in MESSAGES:
        numbers = [field.number for field in fields_of(message)]
        assert len(set(numbers)) == len(numbers), message


def test_nothing_in_the_tables_nests_as_deep_as_the_limit() -> None:
    depths: dict[str, int] = {}

    def depth(message: str) -> int:
        if message not in depths:
            inner = [depth(field.type) for field in fields_of(message) if field.is_message]
            depths[message] = 1 + max(inner, default=0)
        return depths[message]

    assert max(map(depth, MESSAGES)) < MAX_DEPTH
