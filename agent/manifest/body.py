"""What does the API server say to the body of a request? Decoding with Kubernetes' exact texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Literal, TypeVar

import msgspec

from agent.manifest import json_text, kinds, yaml_text
from agent.manifest.decode import Decoded, decode
from agent.manifest.document import Duplicate, Members, Number, TextError
from agent.manifest.findings import go_kind
from agent.model.base import Object
from agent.model.gotext import quote

ObjectT = TypeVar("ObjectT", bound=Object)

#: Deeper bodies are refused with Go's words, though Go itself would go on to 10000.
_MAX_DEPTH = 200
_SUMMARY_BYTES = 30
#: How Go prints the type into which a body is read first.
_ENVELOPE = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }'
)
_WRONG_ENVELOPE = "couldn't get version/kind; json parse error: "
#: The place in Kubernetes' source where its scheme is made, as its messages tell it.
_SCHEME = "pkg/api/legacyscheme/scheme.go:30"


class BodyError(Exception):
    """A body that is refused: `text` is the decoder's error, `message` that of the Status."""

    def __init__(self, text: str, message: str) -> None:
        super().__init__(message)
        self.text = text
        self.message = message


class Body(msgspec.Struct, Generic[ObjectT], frozen=True):
    """A body that could be read; `strict_errors` are warnings unless the request is strict."""

    object: ObjectT
    strict_errors: tuple[str, ...]
    kind: str
    version: str

    def refuse_if_strict(self) -> None:
        """Raise BodyError when there are strict errors (fieldValidation=Strict)."""
        if self.strict_errors:
            text = strict_error(self.strict_errors)
            raise BodyError(text, cannot_be_handled(self.kind, self.version, self.kind, text))


def strict_error(errors: Iterable[str]) -> str:
    """Return the text of runtime.strictDecodingError."""
    return f"strict decoding error: {', '.join(errors)}"


def cannot_be_handled(kind: str, version: str, expected: str, text: str) -> str:
    """Return the message for a body whose kind is known (rest.go, transformDecodeError)."""
    return f"{kind} in version {quote(version)} cannot be handled as a {expected}: {text}"


def status(message: str, *, code: int = 400, reason: str = "BadRequest") -> dict[str, Any]:
    """Return the failure Status that answers a refused request."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def read_body(
    cls: type[ObjectT], body: bytes, *, media: Literal["json", "yaml"], api_version: str
) -> Body[ObjectT]:
    """Decode the body of a create or replace of a `cls` of `api_version`; raises BodyError."""
    expected = cls.__name__
    try:
        value, yaml_errors = _json(body) if media == "json" else _yaml(body)
        envelope = _Envelope.of(value)
    except TextError as exc:
        raise _unrecognized(exc.go_text, expected, body) from exc
    kind = envelope.kind or expected
    written_version = envelope.api_version or api_version
    version = written_version.rpartition("/")[2]
    decoded = _decoded(cls, value, written_version, kind, api_version)
    if isinstance(decoded, str):
        raise BodyError(decoded, cannot_be_handled(kind, version, expected, decoded))
    return Body(decoded.object, (*yaml_errors, *decoded.strict_errors), kind, version)


def _decoded(
    cls: type[ObjectT], value: object, written_version: str, kind: str, api_version: str
) -> Decoded[ObjectT] | str:
    """Read the object, or say why it is none; another kind is read before it is refused."""
    if kind == cls.__name__ and written_version == api_version:
        decoded = decode(cls, value)
        return decoded.error or decoded
    if not kinds.is_registered(written_version, kind):
        return (
            f"no kind {quote(kind)} is registered for version {quote(written_version)} "
            f"in scheme {quote(_SCHEME)}"
        )
    other = kinds.type_of(written_version, kind)
    error = decode(other, value).error if other is not None else None
    if error is not None:
        return error
    version = written_version.rpartition("/")[2]
    target = kinds.internal_name(api_version, cls.__name__)
    return f"converting ({version}.{kind}) to ({target}): unknown conversion"


def _json(body: bytes) -> tuple[object, tuple[str, ...]]:
    try:
        text = body.decode(errors="surrogateescape")
        return json_text.read(text, max_depth=_MAX_DEPTH).value, ()
    except TextError as exc:
        exc.go_text = f"{_WRONG_ENVELOPE}{exc.go_text}"
        raise


def _yaml(body: bytes) -> tuple[object, tuple[str, ...]]:
    """The first document, as JSON would carry it: members sorted by name."""
    document = next(yaml_text.read(body), None)
    if document is None:
        return None, ()
    repeated = [_already_set(duplicate) for duplicate in document.duplicates]
    errors = ("yaml: unmarshal errors:\n  " + "\n  ".join(repeated),) if repeated else ()
    return _sorted(document.value, {}), errors


def _already_set(duplicate: Duplicate) -> str:
    return f"line {duplicate.value_line}: key {quote(duplicate.key)} already set in map"


def _sorted(value: object, done: dict[int, object]) -> object:
    """A copy with sorted members; what an alias repeats is shared again."""
    if id(value) in done or not isinstance(value, (dict, list)):
        return done.get(id(value), value)
    result: object
    if isinstance(value, dict):
        result = {key: _sorted(value[key], done) for key in sorted(value)}
    else:
        result = [_sorted(item, done) for item in value]
    done[id(value)] = result
    return result


class _Envelope(msgspec.Struct, frozen=True):
    """What tells the type of a body (meta.SimpleMetaFactory.Interpret)."""

    api_version: str
    kind: str

    @classmethod
    def of(cls, value: object) -> _Envelope:
        """Raises TextError; the names match in any case, for this reader is Go's own."""
        found = {"apiversion": "", "kind": ""}
        if value is not None and not isinstance(value, dict):
            raise cls._wrong(value, f"Go value of type {_ENVELOPE}")
        error: TextError | None = None
        members = value.pairs if isinstance(value, Members) else (value or {}).items()
        for name, item in members:
            folded = name.lower()
            if folded not in found or item is None:
                continue
            if isinstance(item, str):
                found[folded] = item
            else:
                field = "apiVersion" if folded == "apiversion" else "kind"
                error = error or cls._wrong(item, f"Go struct field .{field} of type string")
        if error is not None:
            raise error
        if found["apiversion"].count("/") > 1:
            raise TextError("", 1, f"unexpected GroupVersion string: {found['apiversion']}")
        return cls(found["apiversion"].strip("/"), found["kind"])

    @classmethod
    def _wrong(cls, value: object, target: str) -> TextError:
        kind = "number" if isinstance(value, Number) else go_kind(value, "")
        return TextError("", 1, f"{_WRONG_ENVELOPE}json: cannot unmarshal {kind} into {target}")


def _unrecognized(text: str, expected: str, body: bytes) -> BodyError:
    """The message for a body whose kind could not be found out."""
    message = f"the object provided is unrecognized (must be of type {expected}): {text}"
    return BodyError(text, f"{message} ({_summary(body)})")


def _summary(body: bytes) -> str:
    """The beginning of a body: as text when it looks like JSON, else as hex digits."""
    if not body:
        return "<empty>"
    start, more = body[:_SUMMARY_BYTES], " ..." if len(body) > _SUMMARY_BYTES else ""
    return (start.decode(errors="replace") if body[:1] == b"{" else start.hex()) + more
