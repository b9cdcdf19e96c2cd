"""Marks name the agent, the run and the start, and nothing else is taken for one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.host.marks import (
    is_mark,
    new_agent_mark,
    run_mark,
    run_number,
    run_of,
    same_agent,
    same_run,
    start_mark,
)

numbers = st.integers(min_value=0, max_value=2**40)


@given(numbers, numbers, numbers)
def test_whatever_is_started_in_a_run_belongs_to_it(run: int, first: int, second: int) -> None:
    common = run_mark(new_agent_mark(), run)
    marks = [start_mark(common, first), start_mark(common, second)]

    assert all(is_mark(mark) and mark < 2**62 for mark in marks)
    assert same_run(*marks)
    assert same_agent(*marks)
    assert (marks[0] == common) == (first == 0)
    assert start_mark(common, first) != start_mark(common, first + 1)


@given(numbers, numbers, st.integers(min_value=1, max_value=2**24 - 1))
def test_runs_are_told_apart(run: int, start: int, distance: int) -> None:
    agent = new_agent_mark()
    one, other = run_mark(agent, run), run_mark(agent, run + distance)

    assert not same_run(start_mark(one, start), other)
    assert same_agent(one, other)


@given(numbers, numbers)
def test_a_mark_tells_its_run(run: int, start: int) -> None:
    common = run_mark(new_agent_mark(), run)
    mark = start_mark(common, start)

    assert run_of(mark) == common == run_of(common)
    assert run_number(mark) == run % 2**24


def test_agents_are_told_apart() -> None:
    assert not same_agent(run_mark(2**61 | 1 << 37, 5), 2**61 | 2 << 37)


def test_a_limit_that_somebody_else_set_is_no_mark() -> None:
    assert not any(map(is_mark, (0, 200_000, 2**61 - 1, 2**62, 2**64 - 1)))
