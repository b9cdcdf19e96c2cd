"""What was written, and where: a tree of plain values that remembers the line of every member."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

#: No manifest nests deeper; a limit keeps hostile input from exhausting the stack.
MAX_DEPTH = 100
#: Aliases may not expand a document to more values than this.
MAX_VALUES = 1_000_000

#: One step of a path: the name of a member or the index of an item.
Part = str | int
#: The line of each member, by the identity of the dict or list that holds it.
Lines = dict[int, dict[str, int] | list[int]]


class TextError(Exception):
    """A text that is not YAML, JSON or TOML; `go_text` is how the API server words it."""

    def __init__(self, text: str, line: int, go_text: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.go_text = go_text or text


class Number(float):
    """A number that is not written as an integer; `text` is how Go sees it."""

    text: str

    def __new__(cls, value: float, text: str) -> Number:
        number = super().__new__(cls, value)
        number.text = text
        return number


class Members(dict[str, object]):
    """A JSON object with repeated names; as a dict, the last one wins.

    `pairs` are all members as written: Go's decoder reads every one of them into the same field.
    """

    def __init__(self, pairs: Iterable[tuple[str, object]]) -> None:
        self.pairs = tuple(pairs)
        super().__init__(self.pairs)


class Duplicate(msgspec.Struct, frozen=True):
    """A key that is set again in the same mapping."""

    holder: dict[str, object]
    key: str
    line: int
    first_line: int
    value_line: int


class Document:
    """One document of a file: `value` holds dicts, lists, str, int, Number, bool and None."""

    __slots__ = ("duplicates", "line", "lines", "value")

    def __init__(self, value: object, line: int = 1) -> None:
        self.value = value
        self.line = line
        self.lines: Lines = {}
        self.duplicates: list[Duplicate] = []

    def line_of(self, path: Sequence[Part]) -> int:
        """Return the line of `path`, or of the nearest thing above it that was written."""
        line, here = self.line, self.value
        for part in path:
            known = self.lines.get(id(here))
            found = _line_in(known, part)
            if found is None:
                return line
            line = found
            here = here[part]  # type: ignore[index]  # it has a line, so it is there
        return line

    def paths(self) -> dict[int, tuple[Part, ...]]:
        """Return where each dict stands (the first place, if an alias repeats it)."""
        found: dict[int, tuple[Part, ...]] = {}
        waiting: list[tuple[object, tuple[Part, ...]]] = [(self.value, ())]
        while waiting:
            here, path = waiting.pop()
            if id(here) in found:
                continue
            if isinstance(here, dict):
                found[id(here)] = path
                waiting += [(item, (*path, key)) for key, item in here.items()]
            elif isinstance(here, list):
                found[id(here)] = path
                waiting += [(item, (*path, index)) for index, item in enumerate(here)]
        return found


def _line_in(known: dict[str, int] | list[int] | None, part: Part) -> int | None:
    if isinstance(known, dict):
        return known.get(part) if isinstance(part, str) else None
    if isinstance(known, list) and isinstance(part, int) and 0 <= part < len(known):
        return known[part]
    return None


def show_path(path: Iterable[Part]) -> str:
    """Write a path as Kubernetes does: `spec.containers[0].env[1].name`, `metadata.labels[a/b]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier():
            text += f".{part}" if text else part
        else:
            text += f"[{part}]"
    return text


def read_path(text: str) -> tuple[Part, ...]:
    """Take a path apart; the inverse of `show_path`."""
    parts: list[Part] = []
    rest = text
    while rest:
        if rest[0] == "[":
            inside, _, rest = rest[1:].partition("]")
            parts.append(int(inside) if inside.isdecimal() else inside)
        else:
            end = min((i for i in (rest.find("."), rest.find("[")) if i >= 0), default=len(rest))
            if end:
                parts.append(rest[:end])
            rest = rest[end:].removeprefix(".")
    return tuple(parts)
