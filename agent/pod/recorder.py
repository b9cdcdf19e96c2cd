"""Events about pods: made, aggregated, counted and filtered as a kubelet's, then stored."""

from __future__ import annotations

from operator import attrgetter
from typing import Protocol

from agent.host.clock import Clock
from agent.host.identifiers import new_uid
from agent.model.event import Event, EventSource, EventType, Reason
from agent.model.meta import ObjectMeta, ObjectReference
from agent.model.pod import Pod
from agent.rules.events import Correlator, event_name

COMPONENT = "kubelet"
_NAME = attrgetter("name")


class StoresEvents(Protocol):
    """Where events go."""

    def put(self, obj: Event) -> Event: ...


class Recorder:
    """Records the events of one node."""

    def __init__(self, store: StoresEvents, clock: Clock, node_name: str) -> None:
        self._store = store
        self._clock = clock
        self._node_name = node_name
        self._correlator = Correlator()
        self._nanoseconds = 0

    def record(
        self,
        pod: Pod,
        type_: EventType,
        reason: Reason,
        message: str,
        *,
        container: str = "",
        component: str = COMPONENT,
    ) -> None:
        """Record that something happened to `pod`, or to its container of that name."""
        self._record(reference(pod, container), type_, reason, message, component)

    def record_node(self, type_: EventType, reason: Reason, message: str) -> None:
        """Record that something happened to this node (kubelet: its reference has no UID else)."""
        node = ObjectReference(kind="Node", name=self._node_name, uid=self._node_name)
        self._record(node, type_, reason, message, COMPONENT)

    def _record(
        self,
        about: ObjectReference,
        type_: EventType,
        reason: Reason,
        message: str,
        component: str,
    ) -> None:
        now = self._clock.now()
        now_ns = self._unique_time(now.timestamp())
        stamp = now.replace(microsecond=0)
        event = Event(
            api_version="v1",
            kind="Event",
            metadata=ObjectMeta(
                name=event_name(about.name, now_ns),
                namespace=about.namespace or "default",
                uid=new_uid(),
                creation_timestamp=stamp,
            ),
            involved_object=about,
            reason=reason,
            message=message,
            source=EventSource(component=component, host=self._node_name),
            first_timestamp=stamp,
            last_timestamp=stamp,
            count=1,
            type=type_,
            reporting_component=component,
            reporting_instance=self._node_name,
        )
        correlated = self._correlator.correlate(event, now.timestamp())
        if correlated is not None:
            self._store.put(correlated)

    def _unique_time(self, now: float) -> int:
        """Nanoseconds since the epoch, never the same twice: events are named after it."""
        self._nanoseconds = max(int(now * 1e6) * 1000, self._nanoseconds + 1)
        return self._nanoseconds


def reference(pod: Pod, container: str) -> ObjectReference:
    """What an event is about (kubelet: container.GenerateContainerRef)."""
    return ObjectReference(
        kind="Pod",
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        uid=pod.metadata.uid,
        api_version="v1",
        resource_version=pod.metadata.resource_version,
        field_path=_field_path(pod, container) if container else "",
    )


def _field_path(pod: Pod, name: str) -> str:
    for field, containers in (
        ("containers", pod.spec.containers),
        ("initContainers", pod.spec.init_containers),
        ("ephemeralContainers", pod.spec.ephemeral_containers),
    ):
        if name in map(_NAME, containers):
            return f"spec.{field}{{{name}}}"
    return ""
