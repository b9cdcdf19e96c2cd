"""How tables are laid out."""

from __future__ import annotations

from typing import Any

import pytest

from agent.cli.client.table import Layout, TableOptions, cells, header

COLUMNS = [
    {"name": "Name", "format": "name", "priority": 0},
    {"name": "Ready", "priority": 0},
    {"name": "Node", "priority": 1},
]
ROW: dict[str, Any] = {
    "cells": ["web", 2, "vm"],
    "object": {"metadata": {"namespace": "team", "labels": {"b": "2", "a/x": "1"}}},
}


def test_columns_are_three_blanks_apart_and_six_wide_at_least() -> None:
    rows = [["A", "LONG NAME", "END"], ["x", "y", "z"], ["abcdef", "", "the last is not filled up"]]

    assert Layout().lines(rows) == [
        "A        LONG NAME   END",
        "x        y           z",
        "abcdef               the last is not filled up",
    ]
    assert Layout().lines([["A", "B"]]) == ["A     B"]


def test_a_watch_goes_on_with_the_widths_that_it_had() -> None:
    layout = Layout()
    layout.lines([["a long name", "x"]])

    assert layout.lines([["a", "x"]]) == ["a             x"]


@pytest.mark.parametrize(
    ("options", "names", "values"),
    [
        (TableOptions(), ["NAME", "READY"], ["web", "2"]),
        (TableOptions(is_wide=True), ["NAME", "READY", "NODE"], ["web", "2", "vm"]),
        (TableOptions(kind="pod"), ["NAME", "READY"], ["pod/web", "2"]),
        (TableOptions(with_namespace=True), ["NAMESPACE", "NAME", "READY"], ["team", "web", "2"]),
        (TableOptions(with_labels=True), ["NAME", "READY", "LABELS"], ["web", "2", "a/x=1,b=2"]),
        (
            TableOptions(label_columns=("a/x", "nope")),
            ["NAME", "READY", "X", "NOPE"],
            ["web", "2", "1", ""],
        ),
    ],
)
def test_what_is_shown(options: TableOptions, names: list[str], values: list[str]) -> None:
    assert header(COLUMNS, options) == names
    assert cells(COLUMNS, ROW, options) == values


def test_a_row_without_labels_says_so() -> None:
    assert cells(COLUMNS, {"cells": ["web", 1, ""]}, TableOptions(with_labels=True))[-1] == "<none>"


def test_a_cell_is_one_line() -> None:
    row = {"cells": ["one\ntwo", None, ""]}

    assert cells(COLUMNS, row, TableOptions()) == ["one...", "<nil>"]
