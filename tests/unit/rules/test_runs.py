"""The order of the runs."""

from __future__ import annotations

from agent.rules.runs import latest_by_name, newest_first
from tests.support.lifecycle import run

FIRST, SECOND, OTHER = run("a", "exited 1", at=1), run("a", "running", at=2), run("b", "created")


def test_the_youngest_run_comes_first() -> None:
    assert newest_first([FIRST, SECOND]) == [SECOND, FIRST]


def test_equal_ages_keep_their_order() -> None:
    twin = run("c", "running", at=1)

    assert newest_first([FIRST, twin]) == [FIRST, twin]


def test_each_container_has_one_latest_run() -> None:
    assert latest_by_name([FIRST, OTHER, SECOND]) == {"a": SECOND, "b": OTHER}
