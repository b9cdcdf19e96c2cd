"""Events: core/v1, and the same ones as events.k8s.io/v1 names them."""

from __future__ import annotations

from typing import Any

from agent.model.event import Event, EventSeries
from agent.model.events_v1 import Event as EventV1
from agent.model.events_v1 import EventSeries as EventSeriesV1

#: How events.k8s.io names fields of a selector (pkg/apis/events/v1/conversion.go).
FIELD_NAMES = {
    "regarding.": "involvedObject.",
    "reportingController": "reportingComponent",
}
#: Times that are written with six decimals.
MICRO_TIMES = ("eventTime", "lastObservedTime")


def encode(event: Any) -> EventV1:
    """The event under the names of events.k8s.io (pkg/apis/events/v1/conversion.go)."""
    core: Event = event
    series = core.series
    return EventV1(
        metadata=core.metadata,
        event_time=core.event_time,
        series=None
        if series is None
        else EventSeriesV1(count=series.count, last_observed_time=series.last_observed_time),
        reporting_controller=core.reporting_component,
        reporting_instance=core.reporting_instance,
        action=core.action,
        reason=core.reason,
        regarding=core.involved_object,
        related=core.related,
        note=core.message,
        type=core.type,
        deprecated_source=core.source,
        deprecated_first_timestamp=core.first_timestamp,
        deprecated_last_timestamp=core.last_timestamp,
        deprecated_count=core.count,
    )


def decode(given: Any) -> Event:
    """An event of events.k8s.io as it is stored."""
    event: EventV1 = given
    series = event.series
    return Event(
        metadata=event.metadata,
        event_time=event.event_time,
        series=None
        if series is None
        else EventSeries(count=series.count, last_observed_time=series.last_observed_time),
        reporting_component=event.reporting_controller,
        reporting_instance=event.reporting_instance,
        action=event.action,
        reason=event.reason,
        involved_object=event.regarding,
        related=event.related,
        message=event.note,
        type=event.type,
        source=event.deprecated_source,
        first_timestamp=event.deprecated_first_timestamp,
        last_timestamp=event.deprecated_last_timestamp,
        count=event.deprecated_count,
    )
