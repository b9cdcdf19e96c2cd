"""What does a new event look like, and what is it called?

(client-go: tools/record/event.go, makeEvent; kubelet: pkg/kubelet/container/ref.go)
"""

from __future__ import annotations

from datetime import datetime

from agent.model.event import Event, EventSource, EventType
from agent.model.meta import ObjectMeta, ObjectReference
from agent.model.pod import Pod

COMPONENT = "kubelet"
_MAX_NAME = 253


def event_name(object_name: str, now_ns: int) -> str:
    """`POD.<hex>`: the object's name and the time in nanoseconds since 1970."""
    suffix = f".{now_ns:x}"
    return object_name[: _MAX_NAME - len(suffix)].rstrip("-.") + suffix


def reference(pod: Pod, container_name: str = "") -> ObjectReference:
    """What an event is about: the pod, or one of its containers by field path."""
    return ObjectReference(
        kind="Pod",
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        uid=pod.metadata.uid,
        api_version="v1",
        resource_version=pod.metadata.resource_version,
        field_path=_field_path(pod, container_name),
    )


def make_event(
    about: ObjectReference,
    event_type: EventType,
    reason: str,
    message: str,
    *,
    host: str,
    now: datetime,
    now_ns: int,
) -> Event:
    """An event that happened `now` (UTC; `now_ns` is the same in nanoseconds) on the node `host`.

    It still has to go through the correlator, which counts, combines and drops.
    """
    stamp = now.replace(microsecond=0)
    return Event(
        api_version="v1",
        kind="Event",
        metadata=ObjectMeta(
            name=event_name(about.name, now_ns), namespace=about.namespace or "default"
        ),
        involved_object=about,
        reason=reason,
        message=message,
        source=EventSource(component=COMPONENT, host=host),
        first_timestamp=stamp,
        last_timestamp=stamp,
        count=1,
        type=event_type,
        reporting_component=COMPONENT,
        reporting_instance=host,
    )


def without_container_id(message: str, container_id: str, container_name: str) -> str:
    """The message with the container's name for its id, so that equal events look equal."""
    return message.replace(container_id, container_name) if container_id else message


def _field_path(pod: Pod, container_name: str) -> str:
    if not container_name:
        return ""
    for field, containers in (
        ("containers", pod.spec.containers),
        ("initContainers", pod.spec.init_containers),
        ("ephemeralContainers", pod.spec.ephemeral_containers),
    ):
        if any(container.name == container_name for container in containers):
            return f"spec.{field}{{{container_name}}}"
    return ""
