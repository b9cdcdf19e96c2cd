"""Replays pod-update-validation.jsonl: updates of pods, whole and through subresources."""

from __future__ import annotations

import json
from typing import Any

from agent.manifest.create import invalid_status
from agent.manifest.decode import decode
from agent.manifest.defaults import default_pod
from agent.manifest.errors import FieldError
from agent.manifest.gojson import to_json
from agent.manifest.update.pod import update_pod
from agent.model.pod import Pod
from agent.rules.qos import qos_class
from tests.golden.compare import difference

#: Where these are absent, the recording used the same values in both pods.
_SAME = {
    "uid": "u-1",
    "resourceVersion": "7",
    "generation": 1,
    "creationTimestamp": "2025-01-01T00:00:00Z",
}


def replay(case: dict[str, Any]) -> str | None:
    """Compare the verdict, every error, the Status, and the generation."""
    asked, expected = case["input"], case["expected"]
    features = frozenset(case.get("features", ()))
    updated = update_pod(
        _pod(asked["new"]),
        _pod(asked["old"]),
        asked.get("subresource", ""),
        qos_class=qos_class,
        features=features,
        written=asked["new"],
    )
    if not updated.errors:
        generation = updated.object.metadata.generation
        answer = {"accepted": True, "generation": generation, "warnings": []}
        return difference(answer, expected)
    whole = invalid_status("Pod", updated.object.metadata.name, updated.errors)
    shown = {key: whole[key] for key in ("code", "message", "reason")}
    answer = {
        "accepted": False,
        "stage": "validation",
        "status": {**shown, "causes": whole["details"]["causes"]},
        "errors": [_as_recorded(error) for error in updated.own],
    }
    found = difference(answer, expected)
    others = case.get("alternatives", ())
    return None if any(difference(answer, other) is None for other in others) else found


def _pod(written: dict[str, Any]) -> Pod:
    filled = {**written, "metadata": {**_SAME, **written.get("metadata", {})}}
    return default_pod(decode(Pod, filled).object)


def _as_recorded(error: FieldError) -> dict[str, Any]:
    return {
        "type": error.type.value,
        "field": error.path,
        "badValue": json.loads(to_json(error.value)),
        "detail": error.detail,
        "error": str(error),
    }
