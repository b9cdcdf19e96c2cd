"""Patches of all four types, applied to an object as clients see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from agent.api.apply.engine import apply, track_update
from agent.api.machinery.bodies import Given
from agent.api.machinery.call import Call
from agent.api.machinery.errors import APIError, bad_request, unsupported_media
from agent.api.machinery.negotiation import content_type_of
from agent.api.patch.apply import MEDIA_TYPES, apply_patch
from agent.api.patch.error import PatchError
from agent.api.patch.values import read
from agent.manifest import yaml_text
from agent.manifest.body import strict_error
from agent.manifest.document import Number, TextError
from agent.model.api import Status

APPLY = "application/apply-patch+yaml"
ACCEPTED = (*MEDIA_TYPES, APPLY)
_APPLIED = "Apply"
_LONGEST_MANAGER = 128
_SERVER_ERROR = 500


def is_apply(call: Call) -> bool:
    """Whether the patch is all that its author wants, and makes what is not there."""
    return content_type_of(call.content_type) == APPLY


def patched(call: Call, current: Any, now: datetime) -> Given:
    """The object after the patch in the body; None is for an apply alone. APIError."""
    media = content_type_of(call.content_type)
    if media not in ACCEPTED:
        raise unsupported_media(ACCEPTED)
    try:
        if media == APPLY:
            return _applied(call, current, now)
        found = apply_patch(media, current, call.body, api_version=call.resource.api_version)
        if call.query.text("fieldValidation") == "Strict":
            found.refuse_if_strict()
    except PatchError as exc:
        raise _refused(exc) from exc
    return Given(found.object, found.strict_errors)


def tracked(call: Call, new: Any, old: Any, now: datetime) -> Any:
    """The new state with the owners of its fields, where anybody has ever applied the object.

    Others do not pay for it: who owns what matters only to an apply.
    """
    entries = old.metadata.managed_fields
    if not any(entry.operation == _APPLIED for entry in entries):
        return new
    return track_update(
        old,
        new,
        manager=manager_of(call),
        api_version=call.resource.api_version,
        now=now,
        subresource=call.subresource,
    )


def manager_of(call: Call) -> str:
    """Who writes, as he says, or else his program (apiserver: managerOrUserAgent)."""
    named = call.query.text("fieldManager") or call.user_agent.partition("/")[0]
    return named[:_LONGEST_MANAGER] or "unknown"


def _refused(error: PatchError) -> APIError:
    """The API server answers 500 to some patches that make no sense; they are no fault of ours."""
    status = msgspec.convert(error.status, Status)
    return bad_request(status.message) if status.code >= _SERVER_ERROR else APIError(status)


def _plain_number(value: object) -> float:
    """A number that YAML has written otherwise than an integer."""
    if isinstance(value, Number):
        return float(value)
    raise TypeError(f"not a plain value: {type(value).__name__}")


def _applied(call: Call, current: Any | None, now: datetime) -> Given:
    """The body of an apply is YAML, and must say who applies."""
    manager = call.query.text("fieldManager")
    if not manager:
        raise bad_request("fieldManager: Required value: is required for apply patch")
    if len(manager) > _LONGEST_MANAGER:
        raise bad_request(f"fieldManager: Too long: may not be more than {_LONGEST_MANAGER} bytes")
    try:
        document = next(yaml_text.read(call.body), None)
        value = None if document is None else document.value
        body = read(msgspec.json.encode(value, enc_hook=_plain_number))
    except TextError as exc:
        raise bad_request(f"error decoding YAML: {exc.go_text}") from exc
    model: Any = call.resource.wire_model
    found = apply(
        model,
        current,
        body,
        manager=manager,
        api_version=call.resource.api_version,
        now=now.replace(microsecond=0),
        force=call.query.truth("force"),
        subresource=call.subresource,
    )
    if found.strict_errors and call.query.text("fieldValidation") == "Strict":
        raise bad_request(strict_error(found.strict_errors))
    return Given(found.object, found.strict_errors)
