"""Each codec reads its type, keeps what was there on a wrong value, and knows its zero."""

from __future__ import annotations

from typing import Any

import pytest

from agent.manifest import codecs
from agent.manifest.document import Members, Number
from agent.manifest.findings import Walk


@pytest.mark.parametrize(
    ("codec", "zero", "good", "bad"),
    [
        (codecs.Text(), "", "a", 1),
        (codecs.Bool(), False, True, "true"),
        (codecs.Int("int32"), 0, 7, 2**31),
        (codecs.Int("int64"), 0, -(2**63), 2**63),
        (codecs.IntOrText(), 0, "web", 1.5),
        (codecs.QuantityText(), "0", "1500m", []),
        (codecs.Bytes(), "", "aGk=", 5),
        (codecs.Sequence(codecs.Text()), (), ("a",), {}),
        (codecs.Map(codecs.Text()), {}, {"a": "b"}, []),
        (codecs.Pointer(codecs.Bool()), None, True, 1),
    ],
)
def test_a_codec_reads_its_type_only(codec: Any, zero: object, good: Any, bad: object) -> None:
    walk = Walk()
    plain = list(good) if isinstance(good, tuple) else good

    assert codec.zero() == zero
    assert codec.read(walk, plain, zero) == good
    assert not walk.findings
    codec.read(walk, bad, zero)
    assert len(walk.findings) == 1


def test_null_leaves_a_plain_value_and_empties_a_pointer_or_a_list() -> None:
    walk = Walk()

    assert codecs.Text().read(walk, None, "kept") == "kept"
    assert codecs.Int("int32").read(walk, None, 5) == 5
    assert codecs.Pointer(codecs.Text()).read(walk, None, "gone") is None
    assert codecs.Sequence(codecs.Text()).read(walk, None, ("gone",)) == ()
    assert codecs.Map(codecs.Text()).read(walk, None, {"gone": ""}) == {}
    assert codecs.Anything().read(walk, None, "gone") is None
    assert not walk.findings


def test_minus_zero_is_an_integer() -> None:
    assert codecs.Int("int32").read(Walk(), Number(-0.0, "-0"), 5) == 0


def test_a_repeated_key_of_a_map_is_told() -> None:
    walk = Walk()

    found = codecs.Map(codecs.Text()).read(walk, Members([("a", "1"), ("a", "2")]), {"b": "0"})

    assert found == {"a": "2", "b": "0"}
    assert [finding.go_text for finding in walk.findings] == ['duplicate field "a"']
