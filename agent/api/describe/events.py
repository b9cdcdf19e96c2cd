"""The events at the end of a description (kubectl: DescribeEvents)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agent.api.describe.layout import NONE, Page
from agent.model import duration
from agent.model.base import ZERO_TIME
from agent.model.event import Event

_HEADER = ("Type", "Reason", "Age", "From", "Message")
_RULE = ("----", "------", "----", "----", "-------")


def describe_events(page: Page, events: Iterable[Event], now: datetime) -> None:
    """The events of one object, by the time when each happened last."""
    ordered = sorted(events, key=lambda event: event.last_timestamp or ZERO_TIME)
    if not ordered:
        page.line(0, "Events:", NONE)
        return
    page.line(0, "Events:")
    page.line(1, *_HEADER)
    page.line(1, *_RULE)
    for event in ordered:
        page.line(
            1,
            event.type,
            event.reason,
            _interval(event, now),
            event.source.component or event.reporting_component,
            event.message.strip(),
        )


def _interval(event: Event, now: datetime) -> str:
    """`5s`, or `5s (x3 over 1m)` of an event that repeats."""
    began = event.first_timestamp if event.event_time in (None, ZERO_TIME) else event.event_time
    first = duration.age(began, now)
    if event.series is not None:
        last, count = event.series.last_observed_time, event.series.count
    elif event.count > 1:
        last, count = event.last_timestamp, event.count
    else:
        return first
    return f"{duration.age(last, now)} (x{count} over {first})"
