"""The order of --sort-by."""

from __future__ import annotations

from typing import Any

import pytest

from agent.cli.client.errors import ClientError
from agent.cli.client.sorting import sort


@pytest.mark.parametrize(
    ("values", "ordered"),
    [
        ([3, 1, 2], [1, 2, 3]),
        (["b", "a"], ["a", "b"]),
        (["pod-9", "pod-10", "pod-1"], ["pod-1", "pod-10", "pod-9"]),
        (
            ["1b1e176b", "14da82f2", "A", "a01", "a1", "a-"],
            ["14da82f2", "1b1e176b", "A", "a-", "a01", "a1"],
        ),
        (["10", "9", "1k"], ["9", "10", "1k"]),
        (["1Gi", "200Mi", "5"], ["5", "200Mi", "1Gi"]),
        (["b", None, "a"], [None, "a", "b"]),
        ([2, 1.5], [1.5, 2]),
    ],
)
def test_order(values: list[Any], ordered: list[Any]) -> None:
    objects = [{} if value is None else {"a": {"b": value}} for value in values]

    assert sort(values, objects, ".a.b") == ordered


def test_equals_stay_as_they_are() -> None:
    assert sort(["x", "y"], [{"a": 1}, {"a": 1}], "a") == ["x", "y"]


def test_a_field_that_nothing_has() -> None:
    with pytest.raises(ClientError, match=r'with path "\{\.a\}" in the list'):
        sort([1, 2], [{}, {}], ".a")


def test_what_cannot_be_compared() -> None:
    with pytest.raises(ClientError, match="unsortable types"):
        sort([1, 2], [{"a": "x"}, {"a": 1}], ".a")
