"""Tickers that begin together are spread, in steps that the loop can do at once."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pod.rota import TOGETHER, Rota
from agent.rules.probe_schedule import GRID


def test_a_few_tickers_begin_at_once() -> None:
    rota = Rota()

    assert [rota.begin(100.0, 10) for _ in range(TOGETHER)] == [100.0] * TOGETHER


def test_more_take_the_next_moment() -> None:
    rota = Rota()

    begins = [rota.begin(100.0, 10) for _ in range(3 * TOGETHER)]

    assert begins[TOGETHER] == pytest.approx(100.0 + GRID)
    assert begins[-1] == pytest.approx(100.0 + 2 * GRID)


def test_when_they_have_passed_the_next_one_begins_at_once_again() -> None:
    rota = Rota()
    for _ in range(3 * TOGETHER):
        rota.begin(100.0, 10)

    assert rota.begin(100.5, 10) == 100.5


def test_a_crowd_is_even_over_its_period() -> None:
    rota = Rota()
    whole_round = round(TOGETHER / GRID)

    begins = [rota.begin(100.0, 1) for _ in range(2 * whole_round)]

    assert all(100.0 <= begin < 101.0 + GRID for begin in begins)
    moments = Counter(round(begin / GRID) % round(1 / GRID) for begin in begins)
    assert set(moments.values()) == {2 * TOGETHER}


@given(st.lists(st.tuples(st.floats(0, 0.02), st.integers(1, 30)), max_size=200))
def test_no_ticker_begins_early_or_a_period_late(steps: list[tuple[float, int]]) -> None:
    rota, now = Rota(), 1000.0
    for step, period in steps:
        now += step
        assert -1e-6 <= rota.begin(now, period) - now < period + GRID
