"""Events about pods: aggregated, counted and filtered as a kubelet's, then stored."""

from __future__ import annotations

from typing import Protocol

from agent.host.clock import Clock
from agent.model.event import Event, EventSource, EventType, Reason
from agent.model.meta import ObjectMeta, ObjectReference
from agent.model.pod import Pod
from agent.rules import events as rules


class StoresEvents(Protocol):
    """Where events go."""

    def put(self, obj: Event) -> Event: ...


class Recorder:
    """Records events of one node."""

    def __init__(self, store: StoresEvents, clock: Clock, node_name: str) -> None:
        self._store = store
        self._clock = clock
        self._node_name = node_name
        self._correlator = rules.Correlator()
        self._nanoseconds = 0

    def record(
        self,
        pod: Pod,
        type_: EventType,
        reason: Reason,
        message: str,
        *,
        field_path: str = "",
        component: str = "kubelet",
    ) -> None:
        """Record that something happened to `pod`, or to the part at `field_path`."""
        now = self._clock.now().replace(microsecond=0)
        source = EventSource(component=component, host=self._node_name)
        event = Event(
            api_version="v1",
            kind="Event",
            metadata=ObjectMeta(
                name=rules.event_name(pod.metadata.name, self._unique_time()),
                namespace=pod.metadata.namespace,
            ),
            involved_object=ObjectReference(
                kind="Pod",
                api_version="v1",
                namespace=pod.metadata.namespace,
                name=pod.metadata.name,
                uid=pod.metadata.uid,
                resource_version=pod.metadata.resource_version,
                field_path=field_path,
            ),
            reason=reason,
            message=message,
            source=source,
            first_timestamp=now,
            last_timestamp=now,
            count=1,
            type=type_,
            reporting_component=component,
            reporting_instance=self._node_name,
        )
        stored = self._correlator.correlate(event, self._clock.now().timestamp())
        if stored is not None:
            self._store.put(stored)

    def _unique_time(self) -> int:
        """Nanoseconds since the epoch, never the same twice."""
        now = int(self._clock.now().timestamp() * 1e6) * 1000
        self._nanoseconds = max(now, self._nanoseconds + 1)
        return self._nanoseconds


def container_path(pod: Pod, name: str) -> str:
    """The field path by which events name a container (kubelet: container.GenerateContainerRef)."""
    for field, containers in (
        ("containers", pod.spec.containers),
        ("initContainers", pod.spec.init_containers),
        ("ephemeralContainers", pod.spec.ephemeral_containers),
    ):
        if any(container.name == name for container in containers):
            return f"spec.{field}{{{name}}}"
    return ""
