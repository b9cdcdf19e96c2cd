"""From the body of a request to an object, with everything that is wrong with it."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.api.machinery.call import Call
from agent.api.machinery.errors import bad_request, unsupported_media
from agent.api.machinery.negotiation import JSON, PROTOBUF, YAML, content_type_of
from agent.manifest.body import BodyError, read_body
from agent.model.api import DeleteOptions
from agent.model.base import Object

#: What a body may be written in, as refusals name it.
ACCEPTED = (JSON, YAML, PROTOBUF)
STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"


class Given(msgspec.Struct, frozen=True):
    """What came: the object as far as it could be read, and what only a strict reader minds."""

    object: Any
    strict_errors: tuple[str, ...] = ()


def validation_of(call: Call) -> str:
    """What is to be done about unknown fields; APIError."""
    wanted = call.query.text("fieldValidation") or WARN
    if wanted not in (STRICT, WARN, IGNORE):
        raise bad_request(
            f'fieldValidation: Unsupported value: "{wanted}": '
            f'supported values: "{IGNORE}", "{STRICT}", "{WARN}"'
        )
    return wanted


def warnings_of(call: Call, errors: tuple[str, ...]) -> tuple[str, ...]:
    """Strict errors as warnings, where they are wanted."""
    return errors if validation_of(call) == WARN else ()


def read_object(call: Call, model: type[Object], api_version: str) -> Given:
    """The object that a create or a replace carries; APIError."""
    media = content_type_of(call.content_type) or JSON
    if media == PROTOBUF:
        return _protobuf(call, model, api_version)
    if media not in (JSON, YAML):
        raise unsupported_media(ACCEPTED)
    try:
        body = read_body(
            model, call.body, media="json" if media == JSON else "yaml", api_version=api_version
        )
        if validation_of(call) == STRICT:
            body.refuse_if_strict()
    except BodyError as exc:
        raise bad_request(exc.message) from exc
    return Given(body.object, body.strict_errors)


def read_delete_options(call: Call) -> DeleteOptions:
    """What a deletion says, in its body or, as older clients do, in its query; APIError."""
    options = DeleteOptions()
    if call.body:
        options = _read_options(call)
    grace = call.query.number("gracePeriodSeconds")
    dry = call.query.text("dryRun")
    policy = call.query.text("propagationPolicy")
    if not call.body:
        options = msgspec.structs.replace(
            options,
            grace_period_seconds=grace,
            propagation_policy=policy or None,
        )
    if dry:
        options = msgspec.structs.replace(options, dry_run=(dry,))
    check_dry_run(options.dry_run)
    return options


def _read_options(call: Call) -> DeleteOptions:
    """They are registered in every group and version, so theirs does not matter."""
    given = read_object(call, DeleteOptions, _written_version(call.body))
    options: DeleteOptions = given.object
    return options


def _written_version(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Versioned).apiVersion or "v1"
    except (msgspec.DecodeError, RecursionError):
        return "v1"


class _Versioned(msgspec.Struct):
    apiVersion: str = ""


def is_dry_run(call: Call) -> bool:
    """Whether nothing shall be stored; APIError."""
    wanted = call.query.text("dryRun")
    check_dry_run((wanted,) if wanted else ())
    return bool(wanted)


def check_dry_run(values: tuple[str, ...]) -> None:
    """There is one way of it (ValidateDryRun)."""
    for value in values:
        if value != "All":
            raise bad_request(f'dryRun: Unsupported value: "{value}": supported values: "All"')


def _protobuf(call: Call, model: type[Object], api_version: str) -> Given:
    """Protobuf is read for the kinds that clients write in it."""
    from agent.api.protobuf import body
    from agent.api.protobuf.wire import ProtobufError

    try:
        return Given(body.read_object(model, call.body, api_version=api_version))
    except body.UnknownKindError as exc:
        raise unsupported_media((JSON, YAML)) from exc
    except ProtobufError as exc:
        expected = f"the object provided is unrecognized (must be of type {model.__name__})"
        raise bad_request(f"{expected}: {exc}") from exc
