"""Events about pods: aggregated, counted and filtered as a kubelet's, then stored."""

from __future__ import annotations

from typing import Protocol

from agent.host.clock import Clock
from agent.model.event import Event, EventType, Reason
from agent.model.pod import Pod
from agent.rules import events as rules
from agent.rules.event_correlator import EventCorrelator


class StoresEvents(Protocol):
    """Where events go."""

    def put(self, obj: Event) -> Event: ...


class Recorder:
    """Records the events of one node."""

    def __init__(self, store: StoresEvents, clock: Clock, node_name: str) -> None:
        self._store = store
        self._clock = clock
        self._node_name = node_name
        self._correlator = EventCorrelator()
        self._nanoseconds = 0

    def record(
        self,
        pod: Pod,
        type_: EventType,
        reason: Reason,
        message: str,
        *,
        container: str = "",
        component: str = rules.COMPONENT,
    ) -> None:
        """Record that something happened to `pod`, or to its container of that name."""
        now = self._clock.now()
        now_ns = self._unique_time(now.timestamp())
        event = rules.make_event(
            rules.reference(pod, container),
            type_,
            reason,
            message,
            host=self._node_name,
            now=now,
            now_ns=now_ns,
            component=component,
        )
        correlated = self._correlator.correlate(event, at=self._clock.monotonic(), now_ns=now_ns)
        if correlated.event is not None:
            self._correlator.stored(self._store.put(correlated.event))

    def _unique_time(self, now: float) -> int:
        """Nanoseconds since the epoch, never the same twice: events are named after it."""
        self._nanoseconds = max(int(now * 1e6) * 1000, self._nanoseconds + 1)
        return self._nanoseconds
