"""Replays pod-validation.jsonl: pods through decoding, defaulting, creation and validation."""

from __future__ import annotations

import json
from typing import Any

from agent.manifest import body as api_body
from agent.manifest import create
from agent.manifest.defaults import default_pod
from agent.manifest.errors import FieldError
from agent.manifest.gojson import to_json
from agent.manifest.validate import pod_warnings, validate_pod
from agent.model.pod import Pod
from tests.golden.compare import difference

#: What the recording appended where the server would have made a suffix up.
_SUFFIX = "abcde"


def replay(case: dict[str, Any]) -> str | None:
    """Compare the verdict, every error, and the Status that the client would get."""
    answer, expected = _create(case), case["expected"]
    found = difference(answer, _comparable(expected))
    if found is None:
        return None
    others = (_comparable(other) for other in case.get("alternatives", ()))
    return None if any(difference(answer, other) is None for other in others) else found


def _create(case: dict[str, Any]) -> dict[str, Any]:
    """Do what a create request does, as far as the pod itself decides about it."""
    features = frozenset(case.get("features", ()))
    sent = json.dumps(case["input"]).encode()
    try:
        read = api_body.read_body(Pod, sent, media="json", api_version="v1")
    except api_body.BodyError as exc:
        return _refused("decode", api_body.status(exc.message))
    pod = default_pod(read.object)
    namespace = case.get("requestNamespace") or pod.metadata.namespace or "default"
    try:
        pod, warnings = create.prepare_for_create(
            pod, namespace, features=features, name_suffix=_SUFFIX
        )
    except create.NamespaceMismatchError as exc:
        return _refused("namespace", api_body.status(str(exc)))
    errors = validate_pod(
        pod, allow_privileged=case.get("allowPrivileged", True), features=features
    )
    if errors:
        status = create.invalid_status("Pod", pod.metadata.name, errors)
        return {**_refused("validation", status), "errors": list(map(_as_recorded, errors))}
    return {"accepted": True, "warnings": _without_repetitions(warnings + pod_warnings(pod))}


def _refused(stage: str, status: dict[str, Any]) -> dict[str, Any]:
    shown = {key: status[key] for key in ("code", "message", "reason")}
    causes = status.get("details", {}).get("causes")
    if causes is not None:
        shown["causes"] = causes
    return {"accepted": False, "stage": stage, "status": shown}


def _as_recorded(error: FieldError) -> dict[str, Any]:
    return {
        "type": error.type.value,
        "field": error.path,
        "badValue": json.loads(to_json(error.value)),
        "detail": error.detail,
        "error": str(error),
    }


def _comparable(expected: dict[str, Any]) -> dict[str, Any]:
    """The API server sends no warning twice; the recording has what was said inside."""
    if "warnings" not in expected:
        return expected
    return {**expected, "warnings": _without_repetitions(expected["warnings"])}


def _without_repetitions(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(texts))
