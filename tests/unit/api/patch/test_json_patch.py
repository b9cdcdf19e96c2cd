"""JSON patches: the operations of RFC 6902, and the server's limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.api.patch import json_patch
from agent.api.patch.error import PatchError


def applied(original: dict[str, Any], *steps: dict[str, Any]) -> Any:
    return json_patch.apply(original, json_patch.read(json.dumps(steps).encode()).steps)


@pytest.mark.parametrize(
    ("step", "result"),
    [
        ({"op": "add", "path": "/b", "value": 1}, {"a": [1, 2], "b": 1}),
        ({"op": "add", "path": "/a/-", "value": 3}, {"a": [1, 2, 3]}),
        ({"op": "add", "path": "/a/0", "value": 0}, {"a": [0, 1, 2]}),
        ({"op": "add", "path": "/x~1y", "value": 0}, {"a": [1, 2], "x/y": 0}),
        ({"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"op": "remove", "path": "/a/-1"}, {"a": [1]}),
        ({"op": "replace", "path": "/a/1", "value": None}, {"a": [1, None]}),
        ({"op": "move", "from": "/a/0", "path": "/b"}, {"a": [2], "b": 1}),
        ({"op": "copy", "from": "/a", "path": "/b"}, {"a": [1, 2], "b": [1, 2]}),
        ({"op": "test", "path": "/a", "value": [1, 2.0]}, {"a": [1, 2]}),
        ({"op": "test", "path": "/b", "value": None}, {"a": [1, 2]}),
    ],
)
def test_operations(step: dict[str, Any], result: dict[str, Any]) -> None:
    assert applied({"a": [1, 2]}, step) == result


@pytest.mark.parametrize(
    "step",
    [
        {"op": "add", "path": "", "value": 1},
        {"op": "add", "path": "/x/y", "value": 1},
        {"op": "add", "path": "/a/3", "value": 1},
        {"op": "remove", "path": "/b"},
        {"op": "remove", "path": "/a/x"},
        {"op": "replace", "path": "/b", "value": 1},
        {"op": "replace", "path": "/a/0/b", "value": 1},
        {"op": "move", "from": "/b", "path": "/c"},
        {"op": "test", "path": "/a", "value": [2, 1]},
        {"op": "test", "path": "/a/0", "value": True},
        {"op": "frob", "path": "/a"},
    ],
)
def test_what_does_not_apply_is_unprocessable(step: dict[str, Any]) -> None:
    with pytest.raises(PatchError) as caught:
        applied({"a": [1, 2]}, step)
    assert caught.value.status["code"] == 422
    assert caught.value.status["message"].startswith("the server rejected our request")
    assert caught.value.status["details"]["causes"][0]["message"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{}", "cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        (b"[1]", "cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        (b'[{"op":1}]', "cannot unmarshal number into Go struct field jsonPatchOp.op of type"),
        (b"[", "unexpected end of JSON input"),
    ],
)
def test_what_is_no_patch_is_a_bad_request(body: bytes, text: str) -> None:
    with pytest.raises(PatchError) as caught:
        json_patch.read(body)
    assert caught.value.status["code"] == 400
    assert text in str(caught.value)


def test_unknown_and_repeated_members_matter_to_strict_requests() -> None:
    read = json_patch.read(b'[{"op":"add","op":"add","path":"/a","value":1,"x":2}]')
    assert read.strict_errors == (
        'json patch duplicate field "[0].op"',
        'json patch unknown field "[0].x"',
    )


def test_more_than_ten_thousand_operations_are_too_many() -> None:
    step = {"op": "test", "path": "/a", "value": 1}
    assert len(json_patch.read(json.dumps([step] * 10_000).encode()).steps) == 10_000
    with pytest.raises(PatchError) as caught:
        json_patch.read(json.dumps([step] * 10_001).encode())
    assert caught.value.status["code"] == 413
    assert str(caught.value).endswith("operations in a JSON patch is 10000, got 10001")


def test_copies_may_not_grow_without_end() -> None:
    doubling = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 40
    with pytest.raises(PatchError) as caught:
        applied({"a": ["x" * 1000]}, *doubling)
    assert "exceeding the limit" in caught.value.status["details"]["causes"][0]["message"]
