"""Probes keep the grid of their ticker; a late one is made up for once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules import probe_schedule


def test_a_punctual_run_is_followed_one_period_later() -> None:
    assert probe_schedule.next_tick(110.0, 10, 110.002) == 120.0


def test_a_run_longer_than_the_period_is_followed_at_once_and_then_the_grid_goes_on() -> None:
    # Taken up at 110, the run ends at 133: ticks 120 (kept) and 130 (dropped) came meanwhile.
    kept = probe_schedule.next_tick(110.0, 10, 110.0)
    following = probe_schedule.next_tick(kept, 10, 133.0)

    assert (kept, following) == (120.0, 140.0)


def test_a_manual_run_starts_the_ticker_anew() -> None:
    assert probe_schedule.tick_after_manual_run(10, 113.5) == 123.5


@pytest.mark.parametrize(
    ("agent_age", "was_already_there", "delay"),
    [(0.1, True, 5.0), (9.9, True, 5.0), (10.0, True, 0.0), (0.1, False, 0.0)],
)
def test_only_pods_from_before_the_agent_are_spread(
    agent_age: float, was_already_there: bool, delay: float
) -> None:
    assert delay == probe_schedule.start_delay(
        10, 0.5, agent_age=agent_age, was_already_there=was_already_there
    )


@given(st.integers(0, 10**6), st.integers(1, 600), st.integers(0, 5000))
def test_the_next_tick_is_the_first_of_the_grid_after_now(
    tick: int, period: int, late: int
) -> None:
    following = probe_schedule.next_tick(tick, period, tick + late)

    assert tick + late < following <= tick + late + period
    assert (following - tick) % period == 0


@given(st.floats(0, 1e6), st.integers(1, 600), st.floats(0, 5000))
def test_a_tick_is_never_due_twice(tick: float, period: int, late: float) -> None:
    assert probe_schedule.next_tick(tick, period, tick + late) >= tick + period


@given(st.floats(0, 1e7))
def test_a_ticker_begins_on_the_grid_and_hardly_later_than_it_could(moment: float) -> None:
    begins = probe_schedule.on_grid(moment)

    assert -1e-6 < begins - moment < probe_schedule.GRID + 1e-6
    assert probe_schedule.on_grid(begins) == begins


@given(st.floats(0, 1e6), st.floats(0, 0.004))
def test_tickers_that_begin_between_two_moments_of_the_grid_are_due_together(
    moment: float, later: float
) -> None:
    begins = probe_schedule.on_grid(moment)

    assert probe_schedule.on_grid(begins + later + 0.0001) == probe_schedule.on_grid(
        begins + probe_schedule.GRID
    )
