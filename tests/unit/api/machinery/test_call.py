"""How parameters are read."""

from __future__ import annotations

import pytest

from agent.api.machinery.call import Query
from agent.api.machinery.errors import APIError


@pytest.mark.parametrize(
    ("text", "truth"),
    [("true", True), ("True", True), ("1", True), ("", True), ("false", False), ("0", False)],
)
def test_truths(text: str, truth: bool) -> None:
    assert Query({"watch": text}).truth("watch") is truth


def test_what_is_absent() -> None:
    query = Query({})

    assert not query.truth("watch")
    assert query.number("limit") is None
    assert query.version("resourceVersion") == 0
    assert "watch" not in query


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("-1", -1), ("+3", 3)])
def test_numbers(text: str, number: int) -> None:
    assert Query({"limit": text}).number("limit") == number


@pytest.mark.parametrize("text", ["x", "1.5", "9" * 30, str(2**63), "٣", "--1"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(APIError) as refused:
        Query({"limit": text}).number("limit")

    assert refused.value.status.code == 400


@pytest.mark.parametrize("text", ["-1", "x", "9" * 30, "²"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(APIError):
        Query({"resourceVersion": text}).version("resourceVersion")
