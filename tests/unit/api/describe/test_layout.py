"""Columns, annotations and times of a description are laid out as kubectl does it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.describe.layout import Page, aligned, stamp, write_annotations

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["a:\tb", "long:\tc"], ["a:     b", "long:  c"]),
        (["a:\tb", "between", "long:\tc"], ["a:  b", "between", "long:  c"]),
        (["a\t\tb", "c\tdd\te"], ["a      b", "c  dd  e"]),
        (["a\tb\tc", "d\te", "f\tgg\th"], ["a  b  c", "d  e", "f  gg  h"]),
        (["a\t", "bb\t"], ["a   ", "bb  "]),
    ],
    ids=["one block", "two blocks", "an empty cell", "an inner block ends", "an empty value"],
)
def test_a_column_goes_on_while_tabs_do(lines: list[str], expected: list[str]) -> None:
    assert aligned(lines) == expected


@given(st.lists(st.text("ab\t", max_size=6), max_size=6))
def test_only_spaces_are_added(lines: list[str]) -> None:
    laid_out = aligned(lines)

    assert [line.replace(" ", "") for line in laid_out] == [
        line.replace("\t", "") for line in lines
    ]


def test_a_line_may_have_very_many_cells() -> None:
    assert aligned(["a\t" * 5000]) == ["a  " * 5000]


def test_what_would_steer_a_terminal_is_made_visible() -> None:
    page = Page()
    page.line(0, "Message:", "\x1b[31mred\r")

    assert page.text() == "Message:  ^[[31mred\\r\n"


def test_an_annotation_is_cut_after_so_many_bytes() -> None:
    page = Page()
    write_annotations(page, {"k": "ä" * 100})

    assert page.text() == f"Annotations:  k:\n                {'ä' * 69}...\n"


def test_a_time_is_that_of_the_readers_zone() -> None:
    east = timezone(timedelta(hours=2))

    assert stamp(NOON, NOON.astimezone(east)) == "Sun, 01 Jun 2025 14:00:00 +0200"


def test_a_time_that_was_never_set_has_no_zone() -> None:
    west = timezone(timedelta(hours=-2))

    assert stamp(None, NOON.astimezone(west)) == "Mon, 01 Jan 0001 00:00:00 +0000"
