"""How is a description laid out: indented fields, tables, labels, times?

Columns are as wide as their block needs, as Go's text/tabwriter makes them: a column of cells goes
on for as long as every line has a tab behind that cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from agent.model.base import ZERO_TIME
from agent.model.meta import ObjectMeta

NONE = "<none>"
UNSET = "<unset>"
_GAP = 2
#: A tool's note of what it applied, of no interest to people.
_HIDDEN = ("kubectl.kubernetes.io/last-applied-configuration",)
_LONGEST_ANNOTATION = 140
_ESCAPES = str.maketrans({"\x1b": "^[", "\r": "\\r"})


class Page:
    """The lines of a description so far."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def line(self, level: int, *cells: object) -> None:
        """Add a line, indented by `level`; its cells stand in columns."""
        self._lines.append("  " * level + "\t".join(str(cell) for cell in cells))

    def lines(self, level: int, title: str, values: Sequence[object]) -> None:
        """Add a field whose values stand below each other; `<none>` without any."""
        for index, value in enumerate(values or (NONE,)):
            self.line(level, "" if index else f"{title}:", value)

    def text(self) -> str:
        """The whole, with control characters of a terminal made visible."""
        return "\n".join([*aligned("\n".join(self._lines).split("\n")), ""]).translate(_ESCAPES)


def aligned(lines: Sequence[str]) -> list[str]:
    """Replace the tabs by spaces such that cells below each other begin below each other."""
    rows = [line.split("\t") for line in lines]
    column, members = 0, [index for index, row in enumerate(rows) if len(row) > 1]
    while members:
        for block in _runs(members):
            width = max(len(rows[index][column]) for index in block) + _GAP
            for index in block:
                rows[index][column] = rows[index][column].ljust(width)
        column += 1
        members = [index for index in members if len(rows[index]) > column + 1]
    return ["".join(row) for row in rows]


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Ascending numbers, split where one is missing."""
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    yield run


def write_heading(page: Page, metadata: ObjectMeta, *, namespaced: bool = True) -> None:
    """Name, and namespace if there is one."""
    page.line(0, "Name:", metadata.name)
    if namespaced:
        page.line(0, "Namespace:", metadata.namespace)


def write_labels(page: Page, title: str, values: Mapping[str, str]) -> None:
    """Labels in order, one a line (kubectl: printLabelsMultiline)."""
    page.lines(0, title, [f"{key}={value}" for key, value in sorted(values.items())])


def write_annotations(page: Page, values: Mapping[str, str]) -> None:
    """Annotations in order; long ones below their key (kubectl: printAnnotationsMultiline)."""
    shown: list[str] = []
    for key, raw in sorted(values.items()):
        if key in _HIDDEN:
            continue
        value = raw.removesuffix("\n")
        if "\n" in value or _size(value) + _size(key) + len(": ") > _LONGEST_ANNOTATION:
            shown.append(f"{key}:")
            shown += [f"  {_shortened(part)}" for part in value.split("\n")]
        else:
            shown.append(f"{key}: {value}")
    page.lines(0, "Annotations", shown)


def write_resources(page: Page, level: int, title: str, amounts: Mapping[str, str]) -> None:
    """Quantities in order of their names; nothing at all without any."""
    if amounts:
        page.line(level, f"{title}:")
    for name, amount in sorted(amounts.items()):
        page.line(level + 1, f"{name}:", amount)


def write_table(page: Page, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table, its header underlined."""
    page.line(1, *header)
    page.line(1, *("-" * len(title) for title in header))
    for row in rows:
        page.line(1, *row)


def stamp(moment: datetime | None, now: datetime) -> str:
    """A time in the zone of `now` (Go: RFC1123Z)."""
    if moment is None or moment == ZERO_TIME:
        return format_datetime(ZERO_TIME)
    return format_datetime(moment.astimezone(now.tzinfo or UTC))


def _size(text: str) -> int:
    return len(text.encode(errors="replace"))


def _shortened(text: str) -> str:
    limit = _LONGEST_ANNOTATION - len("  ")
    if _size(text) <= limit:
        return text
    return text.encode(errors="replace")[:limit].decode(errors="ignore") + "..."
