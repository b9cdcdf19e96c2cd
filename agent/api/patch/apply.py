"""What does a PATCH request make of an object? One function for the three types of patches.

(apiserver: pkg/endpoints/handlers/patch.go)
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import msgspec

from agent.api.patch import json_patch, merge_patch, strategic, typed, values
from agent.api.patch.error import bad_request, invalid_patch
from agent.api.patch.values import Body, Map
from agent.manifest import body as api_body
from agent.manifest.decode import encode
from agent.manifest.document import TextError
from agent.model.base import Object

ObjectT = TypeVar("ObjectT", bound=Object)

JSON_PATCH: Final = "application/json-patch+json"
MERGE_PATCH: Final = "application/merge-patch+json"
STRATEGIC_MERGE_PATCH: Final = "application/strategic-merge-patch+json"
#: The media types that `apply_patch` takes.
MEDIA_TYPES: Final = (JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH)


class Patched(msgspec.Struct, Generic[ObjectT], frozen=True):
    """An object after a patch, neither defaulted nor validated.

    `strict_errors` are warnings unless the request is strict; `shown` is how the API server
    shows the patch, or the result, in that error.
    """

    object: ObjectT
    strict_errors: tuple[str, ...]
    shown: str

    def refuse_if_strict(self) -> None:
        """Raise PatchError when there are strict errors (fieldValidation=Strict)."""
        if self.strict_errors:
            raise invalid_patch(self.shown, api_body.strict_error(self.strict_errors))


def apply_patch(
    media_type: str, original: ObjectT, patch: bytes, *, api_version: str = "v1"
) -> Patched[ObjectT]:
    """Apply a patch of one of MEDIA_TYPES to an object; raises PatchError, ValueError.

    `api_version` is that of the kind; the result may name no other.
    """
    match media_type:
        case "application/strategic-merge-patch+json":
            return _strategic(original, patch)
        case "application/merge-patch+json":
            body = merge_patch.read(patch)
            merged: Any = merge_patch.merge(encode(original), body.value)
            return _through_json(original, merged, body.strict_errors, api_version)
        case "application/json-patch+json":
            operations = json_patch.read(patch)
            changed = json_patch.apply(encode(original), operations.steps)
            return _through_json(original, changed, operations.strict_errors, api_version)
        case _:
            raise ValueError(f"no type of patch: {media_type}")


def read_strategic(patch: bytes) -> Body:
    """Read a strategic merge patch into plain values; raises PatchError."""
    try:
        body = values.read(patch)
    except TextError as exc:
        raise bad_request(exc.go_text) from exc
    if body.value is None:
        return Body({}, ())
    if not isinstance(body.value, dict):
        text = f"json: cannot unmarshal {values.json_kind(body.value)} into Go value of type "
        raise bad_request(f"{text}map[string]interface {{}}")
    return body


def _strategic(original: ObjectT, patch: bytes) -> Patched[ObjectT]:
    body = read_strategic(patch)
    plain = values.as_stored(encode(original))
    merged = strategic.carry_out(type(original), plain, body.value)
    return restored(type(original), merged, body)


def restored(cls: type[ObjectT], merged: Map, patch: Body) -> Patched[ObjectT]:
    """Read what came of a strategic merge into its type; raises PatchError."""
    shown = values.show(patch.value)
    try:
        found = typed.read(cls, merged)
    except typed.TypedError as exc:
        raise invalid_patch(shown, str(exc)) from exc
    return Patched(found.object, (*patch.strict_errors, *found.unknown), shown)


def _through_json(
    original: ObjectT, changed: Any, strict_errors: tuple[str, ...], api_version: str
) -> Patched[ObjectT]:
    """Read what came of a patch as if it had been sent."""
    text = msgspec.json.encode(changed)
    shown = text.decode()
    try:
        read = api_body.read_body(type(original), text, media="json", api_version=api_version)
    except api_body.BodyError as exc:
        raise invalid_patch(shown, exc.text) from exc
    return Patched(read.object, (*strict_errors, *read.strict_errors), shown)
