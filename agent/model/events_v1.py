"""The Event of events.k8s.io/v1: the same event under other names."""

from __future__ import annotations

from agent.model.base import Int32, MicroTime, Object, Time, always
from agent.model.event import EventSource
from agent.model.meta import ObjectMeta, ObjectReference


class EventSeries(Object):
    """A series of equal events."""

    count: Int32 = always(factory=int)
    last_observed_time: MicroTime | None = always(factory=lambda: None)


class Event(Object):
    """Something that happened to an object."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    event_time: MicroTime | None = always(factory=lambda: None)
    series: EventSeries | None = None
    reporting_controller: str = ""
    reporting_instance: str = ""
    action: str = ""
    reason: str = ""
    regarding: ObjectReference = always(factory=ObjectReference)
    related: ObjectReference | None = None
    note: str = ""
    type: str = ""
    deprecated_source: EventSource = always(factory=EventSource)
    deprecated_first_timestamp: Time | None = None
    deprecated_last_timestamp: Time | None = None
    deprecated_count: Int32 = 0
