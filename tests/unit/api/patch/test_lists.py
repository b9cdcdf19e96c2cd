"""Lists that are merged item by item."""

from __future__ import annotations

from typing import Any

import pytest

from agent.api.patch.error import PatchError
from agent.api.patch.lists import arrange, check_order, find, in_order, without_repetitions


def named(names: str) -> list[dict[str, Any]]:
    return [{"name": name} for name in names]


def test_items_are_found_by_key_and_by_type() -> None:
    assert find(named("ab"), "name", "b") == 1
    assert find([1, True, 1.0], "", True) == 1
    assert find(named("ab"), "name", "z") is None
    with pytest.raises(PatchError, match="value for key 0 is not a map"):
        find(["x"], "name", "x")


def test_deletions_stand_behind_what_is_kept() -> None:
    gone = {"name": "a", "$patch": "delete"}
    assert in_order([gone, *named("cb")], named("bc"), "name") == [*named("bc"), gone]


@pytest.mark.parametrize(
    ("merged", "order", "live", "result"),
    [
        ("abc", "ca", "abc", "bca"),
        ("abcd", "dn", "abc", "dabc"),
        ("xaby", "yx", "ab", "yxab"),
        ("abc", "", "abc", "abc"),
    ],
)
def test_both_orders_are_kept(merged: str, order: str, live: str, result: str) -> None:
    found = arrange(named(merged), named(order), named(live), "name", order=named(order))
    assert found == named(result)


def test_a_patch_may_not_contradict_the_order_beside_it() -> None:
    check_order(named("ac"), named("abc"), "name")
    with pytest.raises(PatchError) as caught:
        check_order(named("ca"), named("abc"), "name")
    assert "[map[name:c] map[name:a]]" in str(caught.value)


def test_repetitions_are_left_out() -> None:
    assert without_repetitions(["a", "b", "a", 1, True]) == ["a", "b", 1, True]
