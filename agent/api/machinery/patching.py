"""Patches of all four types, applied to an object as clients see it."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.api.machinery.bodies import Given
from agent.api.machinery.call import Call
from agent.api.machinery.errors import APIError, bad_request, unsupported_media
from agent.api.machinery.negotiation import content_type_of
from agent.api.patch.apply import MEDIA_TYPES, STRATEGIC_MERGE_PATCH, apply_patch
from agent.api.patch.error import PatchError
from agent.manifest import yaml_text
from agent.manifest.document import TextError
from agent.model.api import Status

APPLY = "application/apply-patch+yaml"
ACCEPTED = (*MEDIA_TYPES, APPLY)


def is_apply(call: Call) -> bool:
    """Whether the patch is all that its author wants, and makes what is not there."""
    return content_type_of(call.content_type) == APPLY


def patched(call: Call, current: Any) -> Given:
    """The object after the patch in the body; an apply begins with an empty one. APIError."""
    media, body = content_type_of(call.content_type), call.body
    if media == APPLY:
        media, body = STRATEGIC_MERGE_PATCH, _applied(call)
    elif media not in MEDIA_TYPES:
        raise unsupported_media(ACCEPTED)
    try:
        found = apply_patch(media, current, body, api_version=call.resource.api_version)
        if call.query.text("fieldValidation") == "Strict":
            found.refuse_if_strict()
    except PatchError as exc:
        raise APIError(msgspec.convert(exc.status, Status)) from exc
    return Given(found.object, found.strict_errors)


def _applied(call: Call) -> bytes:
    """The body of an apply, which is YAML, as JSON; it must say who applies."""
    if not call.query.text("fieldManager"):
        raise bad_request("fieldManager: Required value: is required for apply patch")
    try:
        document = next(yaml_text.read(call.body), None)
    except TextError as exc:
        raise bad_request(f"error decoding YAML: {exc.go_text}") from exc
    if document is None or not isinstance(document.value, dict):
        raise bad_request("error decoding YAML: an apply patch must be an object")
    return msgspec.json.encode(document.value)
