"""How is a Table of the server laid out as text? (cli-runtime: printers/tableprinter.go)"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

_MIN_WIDTH = 6
_PADDING = 3
_BREAK = re.compile(r"[\f\n\r]")
_NONE = "<none>"


class Layout:
    """Columns that keep their widths: a watch goes on where its list has ended.

    text/tabwriter as kubectl uses it: 3 blanks between columns, the last is as wide as it is.
    """

    def __init__(self) -> None:
        self._widths: list[int] = []

    def lines(self, rows: Iterable[Sequence[str]]) -> list[str]:
        """Rows as lines, without their ends."""
        rows = list(rows)
        for row in rows:
            for column, cell in enumerate(row[:-1]):
                if column == len(self._widths):
                    self._widths.append(_MIN_WIDTH)
                self._widths[column] = max(self._widths[column], len(cell) + _PADDING)
        return ["".join(self._padded(row)) for row in rows]

    def _padded(self, row: Sequence[str]) -> Iterable[str]:
        for width, cell in zip(self._widths, row[:-1], strict=False):
            yield cell.ljust(width)
        yield from row[-1:]


class TableOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What of a table is shown."""

    is_wide: bool = False
    with_namespace: bool = False
    with_labels: bool = False
    label_columns: tuple[str, ...] = ()
    #: Put before each name: "pod" makes `pod/web`.
    kind: str = ""


def header(columns: Sequence[Mapping[str, Any]], options: TableOptions) -> list[str]:
    """The names of the columns."""
    cells = [columns[index]["name"].upper() for index in _shown(columns, options)]
    if options.with_namespace:
        cells.insert(0, "NAMESPACE")
    cells += [label.rpartition("/")[2].upper() for label in options.label_columns]
    return [*cells, "LABELS"] if options.with_labels else cells


def cells(
    columns: Sequence[Mapping[str, Any]], row: Mapping[str, Any], options: TableOptions
) -> list[str]:
    """The cells of one object."""
    values = [_cell(row["cells"][index]) for index in _shown(columns, options)]
    if options.kind:
        for place, index in enumerate(_shown(columns, options)):
            if columns[index].get("format") == "name":
                values[place] = f"{options.kind}/{values[place]}"
    metadata = (row.get("object") or {}).get("metadata") or {}
    labels = metadata.get("labels") or {}
    if options.with_namespace:
        values.insert(0, metadata.get("namespace", ""))
    values += [labels.get(label, "") for label in options.label_columns]
    if options.with_labels:
        values.append(",".join(f"{key}={labels[key]}" for key in sorted(labels)) or _NONE)
    return values


def _shown(columns: Sequence[Mapping[str, Any]], options: TableOptions) -> list[int]:
    return [
        index
        for index, column in enumerate(columns)
        if options.is_wide or not column.get("priority")
    ]


def _cell(value: Any) -> str:
    """A text up to its first line's end."""
    if value is None:
        return "<nil>"
    first, *rest = _BREAK.split(str(value), maxsplit=1)
    return f"{first}..." if rest else first
