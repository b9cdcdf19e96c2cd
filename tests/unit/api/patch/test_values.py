"""Plain values as Go sees and prints them."""

from __future__ import annotations

from typing import Any

import pytest

from agent.api.patch import values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": [1, "x", None], "a": {}}, "map[a:map[] b:[1 x <nil>]]"),
        (True, "true"),
        (1.5, "1.5"),
        (100000.0, "100000"),
        (1e6, "1e+06"),
        (123456789.0, "1.23456789e+08"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2.5, "-2.5"),
    ],
)
def test_how_go_prints_a_value(value: Any, text: str) -> None:
    assert values.show(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (5, "%!s(int64=5)"), (True, "%!s(bool=true)"), (None, "%!s(<nil>)")],
)
def test_how_go_prints_what_should_be_a_string(value: Any, text: str) -> None:
    assert values.show_verb_s(value) == text


@pytest.mark.parametrize(
    ("left", "right"), [(1, True), (1, 1.0), ([1], [True]), ({"a": 1}, {"a": 1.0}), (0, None)]
)
def test_values_of_different_types_differ(left: Any, right: Any) -> None:
    assert not values.equal(left, right)


def test_numbers_and_repeated_names_of_a_body() -> None:
    body = values.read(b'{"a":[{"b":1,"b":-0}],"c":99999999999999999999,"d":1.0}')
    assert body.value == {"a": [{"b": 0}], "c": 1e20, "d": 1.0}
    assert type(body.value["d"]) is float
    assert body.strict_errors == ('duplicate field "a[0].b"',)


def test_an_empty_list_is_null_in_what_was_stored() -> None:
    stored = values.as_stored({"a": [], "b": [{"c": []}], "d": {}})
    assert stored == {"a": None, "b": [{"c": None}], "d": {}}
