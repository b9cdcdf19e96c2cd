"""What does not fit while a value is read into a type: for Go's decoder, and for people."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import msgspec

from agent.manifest.document import Number, Part
from agent.model.gotext import quote


class FindingKind(Enum):
    """How Go's decoder takes it."""

    UNKNOWN = "unknown"  # an error only when strict
    DUPLICATE = "duplicate"  # an error only when strict
    TYPE = "type"  # the first one is the error
    ABORT = "abort"  # stops decoding, so that it is the error before any other


class Finding(msgspec.Struct, frozen=True):
    """One thing that does not fit.

    `go_text` is the text of Go's error, `text` the words for people; `fields` are the names that
    would have been known, when the name is not.
    """

    kind: FindingKind
    path: tuple[Part, ...]
    go_text: str
    text: str
    fields: tuple[str, ...] = ()


class Walk:
    """Where the decoder stands, and what it has found; one per decoded object."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.structs: list[str] = []
        self._told: set[str] = set()
        self._path: list[Part] = []
        self._fields: list[str] = []

    def enter_field(self, name: str) -> None:
        """Go on to a member of a struct."""
        self._path.append(name)
        self._fields.append(name)

    def leave_field(self) -> None:
        """Come back from a member of a struct."""
        self._path.pop()
        self._fields.pop()

    def enter(self, part: Part) -> None:
        """Go on to an item of a list or a member of a map: Go's errors do not name those."""
        self._path.append(part)

    def leave(self) -> None:
        """Come back from an item or a member of a map."""
        self._path.pop()

    def unknown(self, name: str, fields: Iterable[str]) -> None:
        """A name that the struct here does not have."""
        self._strict(FindingKind.UNKNOWN, name, tuple(fields))

    def duplicate(self, name: str) -> None:
        """A name that was set already."""
        self._strict(FindingKind.DUPLICATE, name, ())

    def wrong_type(self, value: object, go_type: str, text: str, *, aborts: bool = False) -> None:
        """A value of a kind that the type does not take."""
        kind = FindingKind.ABORT if aborts else FindingKind.TYPE
        place = f"Go struct field {self.structs[-1]}." if self.structs else "Go value"
        go_text = (
            f"json: cannot unmarshal {go_kind(value, go_type)} into "
            f"{place}{'.'.join(self._fields)} of type {go_type}"
        )
        self.findings.append(Finding(kind, tuple(self._path), go_text, text))

    def bad_value(self, go_text: str, text: str, *, aborts: bool = True) -> None:
        """A value that its own type refuses to read."""
        kind = FindingKind.ABORT if aborts else FindingKind.TYPE
        self.findings.append(Finding(kind, tuple(self._path), go_text, text))

    def _strict(self, kind: FindingKind, name: str, fields: tuple[str, ...]) -> None:
        path = (*self._path, name)
        go_text = f"{kind.value} field {quote(_go_path(path))}"
        if go_text not in self._told:
            self._told.add(go_text)
            self.findings.append(Finding(kind, path, go_text, f"{kind.value} field", fields))


def _go_path(path: Iterable[Part]) -> str:
    """The path in a strict decoding error: a member of a map is named like a field."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def go_kind(value: object, go_type: str) -> str:
    """Name a value as Go does; a number that does not fit into an integer is shown."""
    match value:
        case bool():
            return "bool"
        case int() | Number() | float():
            if not go_type.startswith("int"):
                return "number"
            return f"number {value.text if isinstance(value, Number) else value}"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def shown(value: object) -> str:
    """Show a value to people, shortened."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a map"
        case list():
            return "a list"
        case Number():
            return value.text[:60]
        case str():
            return quote(value if len(value) <= 60 else f"{value[:57]}...")
        case _:
            return str(value)[:60]
