"""What is wrong with a manifest: Kubernetes' field errors, and problems told to people."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from agent.manifest import gojson
from agent.model import gotext


class ErrorType(StrEnum):
    """The kind of a field error; the value is what an API Status carries as the cause's reason."""

    NOT_FOUND = "FieldValueNotFound"
    REQUIRED = "FieldValueRequired"
    DUPLICATE = "FieldValueDuplicate"
    INVALID = "FieldValueInvalid"
    NOT_SUPPORTED = "FieldValueNotSupported"
    FORBIDDEN = "FieldValueForbidden"
    TOO_LONG = "FieldValueTooLong"
    TOO_MANY = "FieldValueTooMany"
    TYPE_INVALID = "FieldValueTypeInvalid"
    INTERNAL = "InternalError"

    @property
    def words(self) -> str:
        """How the kind begins a message (field.ErrorType.String)."""
        return _WORDS[self]


_WORDS: Final = {
    ErrorType.NOT_FOUND: "Not found",
    ErrorType.REQUIRED: "Required value",
    ErrorType.DUPLICATE: "Duplicate value",
    ErrorType.INVALID: "Invalid value",
    ErrorType.NOT_SUPPORTED: "Unsupported value",
    ErrorType.FORBIDDEN: "Forbidden",
    ErrorType.TOO_LONG: "Too long",
    ErrorType.TOO_MANY: "Too many",
    ErrorType.TYPE_INVALID: "Invalid value",
    ErrorType.INTERNAL: "Internal error",
}
_WITHOUT_VALUE: Final = frozenset(
    {ErrorType.REQUIRED, ErrorType.FORBIDDEN, ErrorType.TOO_LONG, ErrorType.INTERNAL}
)


class _Omitted(msgspec.Struct, frozen=True):
    """The type of `OMIT`."""


#: A value that is not shown in the message.
OMIT: Final = _Omitted()
#: What stands in `value` where Kubernetes keeps a text instead of a value that is too long.
VALUE_OMITTED: Final = "<value omitted>"


class FieldError(msgspec.Struct, frozen=True):
    """One problem with one field (apimachinery util/validation/field: Error).

    `path` is in Kubernetes' notation, `value` the value found (a Struct is shown in Go's form).
    """

    type: ErrorType
    path: str
    value: object
    detail: str = ""

    @property
    def body(self) -> str:
        """The message without the path (field.Error.ErrorBody)."""
        words = self.type.words
        if self.type not in _WITHOUT_VALUE and self.value is not OMIT:
            words = f"{words}: {_shown(self.value)}"
        return f"{words}: {self.detail}" if self.detail else words

    def __str__(self) -> str:
        """Exactly field.Error.Error; an object without a path prints as Go's nil path."""
        return f"{self.path or '<nil>'}: {self.body}"


def _shown(value: object) -> str:
    if isinstance(value, str):
        return gotext.quote(value)
    return gojson.to_json(value)


def invalid(path: str, value: object, detail: str) -> FieldError:
    """The value breaks a rule that `detail` names."""
    return FieldError(ErrorType.INVALID, path, value, detail)


def required(path: str, detail: str = "") -> FieldError:
    """The field must be set."""
    return FieldError(ErrorType.REQUIRED, path, "", detail)


def duplicate(path: str, value: object) -> FieldError:
    """The value occurs twice where it must be unique."""
    return FieldError(ErrorType.DUPLICATE, path, value)


def forbidden(path: str, detail: str) -> FieldError:
    """The field may not be set here."""
    return FieldError(ErrorType.FORBIDDEN, path, "", detail)


def not_found(path: str, value: object, detail: str = "") -> FieldError:
    """The value refers to something that does not exist."""
    return FieldError(ErrorType.NOT_FOUND, path, value, detail)


def not_supported(path: str, value: object, supported: Iterable[str]) -> FieldError:
    """The value is not among `supported`, which are shown in the order given."""
    values = ", ".join(gotext.quote(text) for text in supported)
    detail = f"supported values: {values}" if values else ""
    return FieldError(ErrorType.NOT_SUPPORTED, path, value, detail)


def too_long(path: str, maximum: int) -> FieldError:
    """The value has more than `maximum` bytes; a negative maximum is not told."""
    detail = f"may not be more than {maximum} bytes" if maximum >= 0 else "value is too long"
    return FieldError(ErrorType.TOO_LONG, path, VALUE_OMITTED, detail)


def too_many(path: str, actual: int, maximum: int) -> FieldError:
    """There are more than `maximum` items; a negative maximum is not told."""
    items = "item" if maximum == 1 else "items"
    detail = f"must have at most {maximum} {items}" if maximum >= 0 else "has too many items"
    return FieldError(ErrorType.TOO_MANY, path, actual, detail)


class Problem(msgspec.Struct, frozen=True, order=True):
    """One problem as people read it; `line` counts from 1, `path` is empty for the whole file."""

    file: str
    line: int
    path: str
    text: str

    def __str__(self) -> str:
        """`pod.yaml:12: spec.containers[0].image: unknown field`."""
        place = f"{self.file}:{self.line}: "
        return f"{place}{self.path}: {self.text}" if self.path else place + self.text


class ManifestError(Exception):
    """A manifest cannot be used; carries every problem found, ordered by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
