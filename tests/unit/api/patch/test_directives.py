"""The words of a strategic merge patch."""

from __future__ import annotations

from typing import Any

import pytest

from agent.api.patch.directives import (
    DELETE_FROM,
    SET_ORDER,
    drop_directives,
    drop_nulls,
    field_of,
)
from agent.api.patch.error import PatchError


def test_a_directive_names_its_field() -> None:
    assert field_of("$setElementOrder/containers", SET_ORDER) == "containers"
    assert field_of("$deleteFromPrimitiveList/a/b", DELETE_FROM) == "a/b"


@pytest.mark.parametrize(
    ("directive", "prefix", "text"),
    [
        ("$setElementOrder", SET_ORDER, "invalid patch format of setElementOrder list"),
        ("$setElementOrders/x", SET_ORDER, "invalid patch format of setElementOrder list"),
        ("$deleteFromPrimitiveList", DELETE_FROM, "invalid patch format of primitive list"),
    ],
)
def test_a_directive_without_a_field_is_a_bad_request(
    directive: str, prefix: str, text: str
) -> None:
    with pytest.raises(PatchError) as caught:
        field_of(directive, prefix)
    assert (caught.value.status["code"], str(caught.value)) == (400, text)


def test_marked_maps_vanish_at_any_depth() -> None:
    value = {"a": {"$patch": "delete"}, "b": [{"$patch": "x"}, {"c": {"$patch": "y"}}, 1]}
    assert drop_directives(value) == {"b": [{}, 1]}


def test_nulls_vanish_from_maps_only() -> None:
    value: dict[str, Any] = {"a": None, "b": [{"c": None}, None]}
    drop_nulls(value)
    assert value == {"b": [{}, None]}
