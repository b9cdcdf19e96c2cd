"""What does `kubectl get events` print? (printers.go: printEvent)"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from agent.api.tables.column import Cells, text, wide
from agent.model import duration
from agent.model.base import ZERO_TIME
from agent.model.event import Event
from agent.model.meta import ObjectReference

COLUMNS: Final = (
    text("Last Seen", "Time since it happened last."),
    text("Type", "Normal or Warning."),
    text("Reason", "Why it was reported, in one word."),
    text("Object", "What it happened to."),
    wide("Subobject", "Part of the object that it happened to."),
    wide("Source", "Who reported it."),
    text("Message", "What happened."),
    wide("First Seen", "Time since it happened first."),
    wide("Count", "How many times it happened."),
    wide("Name", "Name of the event.", format="name"),
)


def cells(event: Event, now: datetime) -> Cells:
    """The row of an event."""
    return (
        duration.age(_last_seen(event), now),
        event.type,
        event.reason,
        _target(event.involved_object),
        event.involved_object.field_path,
        source(event),
        event.message.strip(),
        duration.age(_first_seen(event), now),
        _count(event),
        event.metadata.name,
    )


def source(event: Event) -> str:
    """Who reported an event, and from which host (kubectl: FormatEventSource)."""
    component = event.source.component or event.reporting_component
    instance = event.source.host or event.reporting_instance
    return f"{component}, {instance}" if instance else component


def _target(involved: ObjectReference) -> str:
    kind = involved.kind.lower()
    return f"{kind}/{involved.name}" if involved.name else kind


def _first_seen(event: Event) -> datetime | None:
    return event.event_time if _unset(event.first_timestamp) else event.first_timestamp


def _last_seen(event: Event) -> datetime | None:
    if event.series is not None:
        return event.series.last_observed_time
    return _first_seen(event) if _unset(event.last_timestamp) else event.last_timestamp


def _count(event: Event) -> int:
    """How often; an event of the newer API has no count and happened once."""
    return event.series.count if event.series is not None else event.count or 1


def _unset(moment: datetime | None) -> bool:
    return moment is None or moment == ZERO_TIME
