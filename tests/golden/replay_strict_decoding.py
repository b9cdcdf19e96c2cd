"""Replays strict-decoding.jsonl: bodies in JSON and YAML through the API's decoder."""

from __future__ import annotations

from typing import Any

from agent.manifest import body as api_body
from agent.manifest import kinds
from agent.manifest.decode import encode
from tests.golden.compare import difference


def replay(case: dict[str, Any]) -> str | None:
    """Compare what a strict and what a lenient request get."""
    strict = _ask(case["input"], strict=True)
    lenient = _ask(case["input"], strict=False)
    return difference(
        {"strict": strict, "nonStrict": lenient}, _without_containers(case["expected"])
    )


def _ask(asked: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    cls = kinds.type_of(asked["defaultApiVersion"], asked["defaultKind"])
    assert cls is not None
    answer: dict[str, Any] = {"accepted": True}
    try:
        read = api_body.read_body(
            cls,
            asked["body"].encode(),
            media=asked["format"],
            api_version=asked["defaultApiVersion"],
        )
        if strict:
            if read.strict_errors:
                answer |= {
                    "strictErrors": list(read.strict_errors),
                    "warnModeAccepted": True,
                }
            read.refuse_if_strict()
        else:
            answer["object"] = encode(read.object)
    except api_body.BodyError as exc:
        whole = api_body.status(exc.message)
        shown = {key: whole[key] for key in ("code", "message", "reason")}
        answer |= {"accepted": False, "error": exc.text, "status": shown}
    return answer


def _without_containers(expected: Any) -> Any:
    """A list that was not given is null in Go and empty here; no such pod is ever stored."""
    spec = expected["nonStrict"].get("object", {}).get("spec", {})
    if "containers" in spec and spec["containers"] is None:
        spec["containers"] = []
    return expected
