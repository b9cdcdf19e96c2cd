"""Replays strategic-merge.jsonl: patches to objects of all kinds."""

from __future__ import annotations

import json
from typing import Any

from agent.api.patch import strategic
from agent.api.patch.apply import read_strategic, restored
from agent.api.patch.error import PatchError
from agent.api.patch.values import as_stored
from agent.manifest import kinds
from agent.manifest.decode import decode, encode
from agent.model.base import Object
from agent.model.service_account import ServiceAccount
from tests.golden.compare import difference

_REJECTED = "the server rejected our request"


def replay(case: dict[str, Any]) -> str | None:
    """Compare the merge, what it is read into, and every answer to a patch that is refused."""
    answer, expected = _ask(case["input"]), _comparable(case["expected"])
    found = difference(answer, expected)
    others = map(_comparable, case.get("alternatives", ()))
    return None if any(difference(answer, other) is None for other in others) else found


def type_of(kind: str) -> type[Object]:
    """Return the model's type for a kind."""
    found = ServiceAccount if kind == "ServiceAccount" else kinds.type_of("v1", kind)
    assert found is not None
    return found


def _ask(asked: dict[str, Any]) -> dict[str, Any]:
    cls = type_of(asked["kind"])
    sent = asked["patchText"] if "patchText" in asked else json.dumps(asked["patch"])
    original = as_stored(encode(decode(cls, asked["original"]).object))
    answer: dict[str, Any] = {}
    stage = "patch decode"
    try:
        patch = read_strategic(sent.encode())
        stage = "merge"
        answer["merged"] = strategic.carry_out(cls, original, patch.value)
        stage = "object decode"
        result = restored(cls, answer["merged"], patch)
    except PatchError as exc:
        return {**answer, "stage": stage, "status": _shown(exc.status)}
    answer["result"] = encode(result.object)
    try:
        result.refuse_if_strict()
    except PatchError as exc:
        answer["strictErrors"] = list(result.strict_errors)
        answer["strictStatus"] = _shown(exc.status)
    return answer


def _shown(status: dict[str, Any]) -> dict[str, Any]:
    shown = {"code": status["code"], "message": status["message"], "reason": status["reason"]}
    causes = status.get("details", {}).get("causes", [])
    # What the API server keeps to itself when it has rejected a patch is ours alone.
    return {"causes": causes, **shown} if causes and _REJECTED not in shown["message"] else shown


def _comparable(expected: dict[str, Any]) -> dict[str, Any]:
    """`error` is in the status; a list that was not given is null in Go and empty here."""
    kept = {name: value for name, value in expected.items() if name != "error"}
    spec = kept.get("result", {}).get("spec", {})
    if "containers" in spec and spec["containers"] is None:
        kept["result"] = {**kept["result"], "spec": {**spec, "containers": []}}
    return kept
