"""Replays pod-defaulting.jsonl: what is filled in, and what create stores."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from agent.manifest.create import invalid_status, prepare_for_create
from agent.manifest.decode import decode, encode
from agent.manifest.defaults import default_pod
from agent.manifest.json_text import read
from agent.manifest.stored import stored_pod
from agent.manifest.validate import validate_pod
from agent.model.pod import Pod
from agent.rules.qos import qos_class
from tests.golden.compare import difference

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


def replay(case: dict[str, Any]) -> str | None:
    """Decode, default and store one pod."""
    import json

    expected = case["expected"]
    features = frozenset(case.get("features", ()))
    decoded = decode(Pod, read(json.dumps(case["input"])).value)
    if decoded.error is not None:
        return f"cannot be decoded: {decoded.error}"
    pod = default_pod(decoded.object)
    answer: dict[str, Any] = {"defaulted": encode(pod)}
    namespace = pod.metadata.namespace or "default"
    prepared, _ = prepare_for_create(pod, namespace, features=features)
    errors = validate_pod(prepared, features=features)
    if errors:
        whole = invalid_status("Pod", prepared.metadata.name, errors)
        shown = {key: whole[key] for key in ("code", "message", "reason")}
        answer["status"] = {"causes": whole["details"]["causes"], **shown}
    else:
        stored = stored_pod(
            pod, now=NOW, qos_class=qos_class(pod), namespace=namespace, features=features
        )
        answer["stored"] = _with_now(encode(stored))
    return difference(answer, expected)


def _with_now(value: Any) -> Any:
    """Put the golden data's word for the time of creation."""
    if isinstance(value, dict):
        return {key: _with_now(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_now(item) for item in value]
    return "{NOW}" if value == "2025-06-01T12:00:00Z" else value
