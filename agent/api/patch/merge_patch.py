"""JSON merge patch (RFC 7386): maps are merged, null deletes, everything else replaces."""

from __future__ import annotations

from typing import Any

from agent.api.patch import values
from agent.api.patch.error import bad_request
from agent.api.patch.values import Body, Map
from agent.manifest.document import TextError

_CANNOT_DECODE = "error decoding patch: "


def read(body: bytes) -> Body:
    """Read a patch, which must be a map; raises PatchError."""
    try:
        patch = values.read(body)
    except TextError as exc:
        raise bad_request(_CANNOT_DECODE + exc.go_text) from exc
    if patch.value is None:
        raise bad_request("Invalid JSON Patch")
    if not isinstance(patch.value, dict):
        text = f"json: cannot unmarshal {values.json_kind(patch.value)} into Go value of type "
        raise bad_request(f"{_CANNOT_DECODE}{text}map[string]interface {{}}")
    return patch


def merge(original: Map, patch: Map) -> Map:
    """Return `original` with the patch applied."""
    result = dict(original)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result


def _merged(old: Any, new: Any) -> Any:
    """A list replaces what was there, nulls in it included; a map leaves its nulls out."""
    if isinstance(new, dict):
        return merge(old if isinstance(old, dict) else {}, new)
    return values.copy(new)
