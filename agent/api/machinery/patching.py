"""Patches of all four types, applied to plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from agent.api.machinery.call import Call
from agent.api.machinery.errors import bad_request, unsupported_media
from agent.api.machinery.negotiation import content_type_of

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


def apply_patch(call: Call, current: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The object as plain values after the patch in the body; APIError."""
    media = content_type_of(call.content_type)
    if media not in (MERGE, STRATEGIC):
        raise unsupported_media((JSON_PATCH, MERGE, STRATEGIC, APPLY))
    try:
        patch = msgspec.json.decode(call.body)
    except msgspec.DecodeError as exc:
        raise bad_request(f"error decoding patch: {exc}") from exc
    result: Mapping[str, Any] = merged(current, patch)
    return result


def merged(current: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(current) if isinstance(current, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
