"""Restarts are delayed as the kubelet delays them."""

from __future__ import annotations

from typing import Any

from agent.rules import backoff, messages
from tests.support import tables
from tests.support.lifecycle import pod


@tables.rows("back_off")
def test_restarts_back_off(row: dict[str, Any]) -> None:
    maximum = row.get("maximum", 300)
    initial = backoff.initial_delay(maximum, base=row.get("initial", 10))
    entry = None

    for finished_at, now, answer, *after in row["steps"]:
        if entry is not None and backoff.expired(entry, now):
            entry = None
        decision = backoff.decide(entry, finished_at, now, initial=initial, maximum=maximum)
        entry = decision.entry

        assert ("start" if decision.start else decision.delay) == answer, (finished_at, now)
        assert not after or decision.delay == after[0], (finished_at, now)


@tables.rows("back_off_limits")
def test_a_configured_maximum_bounds_the_first_delay(row: dict[str, Any]) -> None:
    assert backoff.initial_delay(row["maximum"], base=row["base"]) == row["initial"]


@tables.rows("back_off_text")
def test_the_delay_is_shown_as_go_shows_it(row: dict[str, Any]) -> None:
    shown = messages.back_off_waiting(pod(), "app", row["delay"])

    assert shown == (
        f"back-off {row['shown']} restarting failed container=app pod=web_default(u-1)"
    )


def test_the_event_names_container_and_pod() -> None:
    assert messages.back_off_event(pod(), "app") == (
        "Back-off restarting failed container app in pod web_default(u-1)"
    )
