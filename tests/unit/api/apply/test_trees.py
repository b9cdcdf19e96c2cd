"""Objects as trees of owned places."""

from __future__ import annotations

from typing import Any

import pytest

from agent.api.apply.lists import place_of
from agent.api.apply.trees import MISSING, changes, lookup, merge, places, remove
from agent.manifest.decode import struct_codec
from agent.model.pod import Pod

PLACE = place_of(struct_codec(Pod))
A = 'k:{"name":"a"}'


def pod(*names: str, **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": name} for name in names], **spec}}


def test_every_value_and_every_item_is_a_place() -> None:
    assert places(PLACE, pod("a", tolerations=[{"key": "x"}], securityContext={})) == {
        ("f:spec", "f:containers", A),
        ("f:spec", "f:containers", A, "f:name"),
        ("f:spec", "f:tolerations"),
        ("f:spec", "f:securityContext"),
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("f:spec", "f:containers", A, "f:name"), "a"),
        (("f:spec", "f:containers", 'k:{"name":"z"}'), MISSING),
        (("f:spec", "f:nodeName"), MISSING),
        (("f:spec", "f:nodeName", "f:x"), MISSING),
    ],
)
def test_lookup(path: tuple[str, ...], value: Any) -> None:
    assert lookup(PLACE, pod("a"), path) == value


def test_what_is_removed_is_gone_with_everything_in_it() -> None:
    value = pod("a", "b", nodeName="n")
    for path in (("f:spec", "f:containers", A), ("f:spec", "f:nodeName"), ("f:x", "f:y")):
        remove(PLACE, value, path)
    assert value == pod("b")


@pytest.mark.parametrize(
    ("live", "applied", "result"),
    [("abc", "cb", "acb"), ("ab", "xb", "xab"), ("ab", "", "ab"), ("", "ab", "ab")],
)
def test_items_of_others_keep_their_place(live: str, applied: str, result: str) -> None:
    merged = merge(PLACE, pod(*live), pod(*applied))
    assert "".join(item["name"] for item in merged["spec"]["containers"]) == result


def test_changes_are_new_values_and_what_is_left_out() -> None:
    changed, gone = changes(PLACE, pod("a", nodeName="n", hostname="h"), pod("a", nodeName="m"))
    assert changed == {("f:spec", "f:nodeName")}
    assert gone == {("f:spec", "f:hostname")}
