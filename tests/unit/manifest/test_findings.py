"""Findings name their place as Go does, and values as people do."""

from __future__ import annotations

import pytest

from agent.manifest.document import Number
from agent.manifest.findings import FindingKind, Walk, go_kind, shown


@pytest.mark.parametrize(
    ("value", "go_type", "kind", "text"),
    [
        (None, "string", "object", "null"),
        (True, "string", "bool", "true"),
        (5, "string", "number", "5"),
        (5, "int32", "number 5", "5"),
        (Number(1.5, "1.50"), "int64", "number 1.50", "1.50"),
        (Number(1.5, "1.50"), "bool", "number", "1.50"),
        ("a\n", "bool", "string", '"a\\n"'),
        ([], "bool", "array", "a list"),
        ({}, "bool", "object", "a map"),
    ],
)
def test_a_value_has_a_name_for_go_and_one_for_people(
    value: object, go_type: str, kind: str, text: str
) -> None:
    assert go_kind(value, go_type) == kind
    assert shown(value) == text


def test_go_names_fields_but_neither_items_nor_keys() -> None:
    walk = Walk()
    walk.structs.append("Pod")
    walk.enter_field("spec")
    walk.structs.append("PodSpec")
    walk.enter_field("containers")
    walk.enter(3)

    walk.wrong_type("x", "v1.Container", "must be a map")
    walk.unknown("b", ["a"])
    walk.unknown("b", ["a"])
    walk.leave()
    walk.leave_field()
    walk.duplicate("containers")

    wrong, unknown, repeated = walk.findings
    assert wrong.go_text == (
        "json: cannot unmarshal string into Go struct field PodSpec.spec.containers "
        "of type v1.Container"
    )
    assert wrong.path == ("spec", "containers", 3)
    assert (unknown.go_text, unknown.fields) == ('unknown field "spec.containers[3].b"', ("a",))
    assert repeated.kind is FindingKind.DUPLICATE
    assert repeated.go_text == 'duplicate field "spec.containers"'
