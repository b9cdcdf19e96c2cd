"""Back-off: what holds for every crash loop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.rules.backoff import (
    FORGIVE_AFTER,
    MAXIMUM_DELAY,
    SWEEP_INTERVAL,
    BackOffDecision,
    BackOffEntry,
    decide,
    expired,
    volume_delay,
)

RUNS = st.lists(st.floats(min_value=0, max_value=2000), max_size=30)


def crash_loop(runs: list[float]) -> list[tuple[float, float, float]]:
    """Obey every decision; return end of a run, next start and the delay then in force."""
    now, entry = 0.0, None
    restarts: list[tuple[float, float, float]] = []
    for seconds in runs:
        finished_at = now = now + seconds
        while True:
            if entry is not None and expired(entry, now):
                entry = None
            delay = 0.0 if entry is None else entry.delay
            decision = decide(entry, finished_at, now)
            if decision.start:
                break
            assert decision.retry_at is not None
            assert decision.retry_at > now
            now = decision.retry_at
        entry = decision.entry
        restarts.append((finished_at, now, delay))
    return restarts


@given(RUNS)
def test_nobody_waits_longer_than_the_maximum(runs: list[float]) -> None:
    for finished_at, started_at, _ in crash_loop(runs):
        assert 0 <= started_at - finished_at <= MAXIMUM_DELAY + 1e-6


@given(RUNS)
def test_the_delay_stays_within_its_limits_and_only_doubles(runs: list[float]) -> None:
    previous = 0.0
    for _, _, delay in crash_loop(runs):
        assert delay in (0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
        assert delay <= max(10.0, 2 * previous)
        previous = delay


@given(RUNS)
def test_only_a_long_run_is_restarted_before_its_delay_is_over(runs: list[float]) -> None:
    begun_at = 0.0
    for finished_at, started_at, delay in crash_loop(runs):
        waited = started_at - finished_at
        assert waited >= delay - 1e-6 or finished_at - begun_at > FORGIVE_AFTER
        begun_at = started_at


def test_containers_that_crash_at_once_restart_at_the_documented_moments() -> None:
    starts = [started_at for _, started_at, _ in crash_loop([0.0] * 8)]

    assert starts == [0, 10, 30, 70, 150, 310, 610, 910]


def test_a_container_that_waits_is_told_when_to_come_back() -> None:
    entry = BackOffEntry(delay=40.0, last_update=100.0)

    assert decide(entry, 110.0, 120.0) == BackOffDecision(
        start=False, delay=40.0, entry=entry, retry_at=150.0
    )


def test_a_long_dead_container_comes_back_when_its_entry_is_swept() -> None:
    entry = BackOffEntry(delay=300.0, last_update=0.0)

    decision = decide(entry, 360.0, 400.0)

    assert decision.retry_at == FORGIVE_AFTER + SWEEP_INTERVAL
    assert expired(entry, decision.retry_at)


def test_an_entry_that_should_have_been_swept_still_gives_a_time_ahead() -> None:
    entry = BackOffEntry(delay=300.0, last_update=0.0)

    assert decide(entry, 590.0, 700.0).retry_at == 890.0


def test_a_volume_is_tried_again_after_half_a_second_doubling_to_two_minutes() -> None:
    assert [volume_delay(count) for count in (0, 1, 2, 7, 8, 9, 1000)] == [
        *(0.5, 1.0, 2.0, 64.0),
        *(122.0, 122.0, 122.0),
    ]
