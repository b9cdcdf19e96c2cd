"""Is an event new, a repetition, one of many similar ones, or too much; and what is it called?

Aggregates, counts, then limits, like client-go (tools/record/events_cache.go) with its defaults.
Nothing but memory: the caller brings the time and stores what comes out.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from agent.model.event import Event, EventType, Reason
from agent.model.meta import ObjectMeta

_MAX_NAME = 253
_CACHE_SIZE = 4096
#: So many different messages of one group within the interval are combined.
_MAX_SIMILAR = 10
_SIMILAR_INTERVAL = 600.0
_BURST = 25
#: Events a second for one object; Go keeps it as a float32, which is a little more than 1/300.
_REFILL = 0.003333333414047956
#: Waiting times below a nanosecond are none.
_NO_WAIT = 1e-9
_SEPARATOR = "\0"
_COMBINED = "(combined from similar events): "


class Announcement(msgspec.Struct, frozen=True):
    """What an event is to say, before it has an object, a name and a time."""

    type: EventType
    reason: Reason
    message: str


def event_name(object_name: str, now_ns: int) -> str:
    """`POD.<hex>`: the object's name and the time in nanoseconds since 1970."""
    suffix = f".{now_ns:x}"
    return object_name[: _MAX_NAME - len(suffix)].rstrip("-.") + suffix


def without_container_id(message: str, container_id: str, container_name: str) -> str:
    """The message with the container's name for its id, so that equal events look equal."""
    return message.replace(container_id, container_name) if container_id else message


class _Similar(msgspec.Struct):
    """The different messages of one group; a dict keeps them in order of appearance."""

    messages: dict[str, None]
    last_at: float


class _Observed(msgspec.Struct, frozen=True):
    """What was last written under one key."""

    count: int
    first_timestamp: datetime | None
    name: str


class _Bucket(msgspec.Struct, frozen=True):
    tokens: float
    at: float


_V = TypeVar("_V")


class _Recent(Generic[_V]):
    """The values used last, by key; the oldest ones are forgotten."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: OrderedDict[str, _V] = OrderedDict()

    def get(self, key: str) -> _V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: str, value: _V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > _CACHE_SIZE:
            self._values.popitem(last=False)


class Correlator:
    """The memory of recent events of one agent."""

    __slots__ = ("_buckets", "_observed", "_similar")

    def __init__(self) -> None:
        self._similar: _Recent[_Similar] = _Recent()
        self._observed: _Recent[_Observed] = _Recent()
        self._buckets: _Recent[_Bucket] = _Recent()

    def correlate(self, event: Event, at: float) -> Event | None:
        """Return the event to store, or None when there are too many; `at`: seconds since 1970.

        A count above 1 means that it takes the place of the stored event of the same name, of
        which time, count and message change. A dropped event has been counted all the same.
        """
        counted = self._counted(*self._aggregated(event, at))
        return counted if self._has_budget(counted, at) else None

    def _aggregated(self, event: Event, at: float) -> tuple[Event, str]:
        group = _group_key(event)
        similar = self._similar.get(group)
        if similar is None or at - similar.last_at > _SIMILAR_INTERVAL:
            similar = _Similar({}, at)
        similar.messages[event.message] = None
        similar.last_at = at
        self._similar.put(group, similar)
        if len(similar.messages) < _MAX_SIMILAR:
            return event, _event_key(event)
        del similar.messages[next(iter(similar.messages))]
        return _combined(event, at), group

    def _counted(self, event: Event, key: str) -> Event:
        last = self._observed.get(key)
        if last is not None:
            metadata = msgspec.structs.replace(event.metadata, name=last.name)
            event = msgspec.structs.replace(
                event,
                metadata=metadata,
                first_timestamp=last.first_timestamp,
                count=last.count + 1,
            )
        observed = _Observed(event.count, event.first_timestamp, event.metadata.name)
        self._observed.put(key, observed)
        return event

    def _has_budget(self, event: Event, at: float) -> bool:
        key = _object_key(event)
        bucket = self._buckets.get(key) or _Bucket(_BURST, at)
        left = min(_BURST, bucket.tokens + max(0.0, at - bucket.at) * _REFILL) - 1
        is_allowed = -left / _REFILL < _NO_WAIT
        self._buckets.put(key, _Bucket(left, at) if is_allowed else bucket)
        return is_allowed


def _combined(event: Event, at: float) -> Event:
    now_ns = round(at * 1_000_000) * 1000  # a float holds no finer time of today
    return Event(
        api_version=event.api_version,
        kind=event.kind,
        metadata=ObjectMeta(
            name=event_name(event.involved_object.name, now_ns),
            namespace=event.metadata.namespace,
        ),
        count=1,
        first_timestamp=event.last_timestamp,
        last_timestamp=event.last_timestamp,
        involved_object=event.involved_object,
        message=_COMBINED + event.message,
        type=event.type,
        reason=event.reason,
        source=event.source,
    )


def _event_key(event: Event) -> str:
    """Equal for events that are the same but for their time (getEventKey)."""
    about = event.involved_object
    return _SEPARATOR.join(
        (
            event.source.component,
            event.source.host,
            about.kind,
            about.namespace,
            about.name,
            about.field_path,
            about.uid,
            about.api_version,
            event.type,
            event.reason,
            event.message,
        )
    )


def _group_key(event: Event) -> str:
    """Equal for similar events: messages and containers differ (EventAggregatorByReasonFunc)."""
    return _SEPARATOR.join(
        (_object_key(event), event.reason, event.reporting_component, event.reporting_instance)
    )


def _object_key(event: Event) -> str:
    """Equal for events that share one budget (getSpamKey)."""
    about = event.involved_object
    return _SEPARATOR.join(
        (
            event.source.component,
            event.source.host,
            about.kind,
            about.namespace,
            about.name,
            about.uid,
            about.api_version,
            event.type,
        )
    )
