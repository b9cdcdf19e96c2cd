"""Spans of time are written as Go and kubectl write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.model import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (1, "1s"),
        (1.5, "1.5s"),
        (0.3, "300ms"),
        (0.0000015, "1.5µs"),
        (0.000000007, "7ns"),
        (80, "1m20s"),
        (300, "5m0s"),
        (3600, "1h0m0s"),
        (90061.25, "25h1m1.25s"),
        (-10, "-10s"),
        (10.000000001, "10.000000001s"),
        (0.9999999996, "1s"),
    ],
)
def test_a_duration_reads_like_one_of_go(seconds: float, text: str) -> None:
    assert duration.go_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (-2, "<invalid>", "<invalid>"),
        (-1.9, "0s", "0s"),
        (0, "0s", "0s"),
        (119, "119s", "1m"),
        (125, "2m5s", "2m"),
        (600, "10m", "10m"),
        (615, "10m", "10m"),
        (3 * 3600 + 59, "3h", "3h"),
        (3 * 3600 + 60, "3h1m", "3h"),
        (8 * 3600 + 3599, "8h", "8h"),
        (3 * 86400 + 3600, "3d1h", "3d"),
        (8 * 86400 + 3600, "8d", "8d"),
        (3 * 365 * 86400 + 86400, "3y1d", "3y"),
        (9 * 365 * 86400 + 86400, "9y", "9y"),
    ],
)
def test_an_age_is_shortened_to_what_still_matters(seconds: float, long: str, short: str) -> None:
    assert (duration.human(seconds), duration.short_human(seconds)) == (long, short)


@pytest.mark.parametrize(
    ("since", "text"),
    [
        (None, "<unknown>"),
        (datetime(1, 1, 1, tzinfo=UTC), "<unknown>"),
        (datetime(2025, 6, 1, 11, 59, 18, 1, tzinfo=UTC), "41s"),
    ],
)
def test_an_age_is_that_of_a_time_that_was_set(since: datetime | None, text: str) -> None:
    assert duration.age(since, datetime(2025, 6, 1, 12, tzinfo=UTC)) == text
