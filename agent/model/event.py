"""Event, and every reason string in one place (kubelet: pkg/kubelet/events/event.go)."""

from __future__ import annotations

from enum import StrEnum

from agent.model.base import Int32, MicroTime, Object, Time, always
from agent.model.meta import ObjectMeta, ObjectReference


class EventSource(Object):
    """Who reported."""

    component: str = ""
    host: str = ""


class EventSeries(Object):
    """A series of equal events."""

    count: Int32 = 0
    last_observed_time: MicroTime | None = always(factory=lambda: None)


class Event(Object):
    """Something that happened to an object, counted when it repeats."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    involved_object: ObjectReference = always(factory=ObjectReference)
    reason: str = ""
    message: str = ""
    source: EventSource = always(factory=EventSource)
    first_timestamp: Time | None = always(factory=lambda: None)
    last_timestamp: Time | None = always(factory=lambda: None)
    count: Int32 = 0
    type: str = ""
    event_time: MicroTime | None = always(factory=lambda: None)
    series: EventSeries | None = None
    action: str = ""
    related: ObjectReference | None = None
    reporting_component: str = always(factory=str)
    reporting_instance: str = always(factory=str)


class EventType(StrEnum):
    """Severity of an event."""

    NORMAL = "Normal"
    WARNING = "Warning"


class Reason(StrEnum):
    """Event reasons."""

    SCHEDULED = "Scheduled"
    FAILED_SCHEDULING = "FailedScheduling"
    PULLED = "Pulled"
    CREATED = "Created"
    STARTED = "Started"
    KILLING = "Killing"
    FAILED = "Failed"
    UNHEALTHY = "Unhealthy"
    PROBE_WARNING = "ProbeWarning"
    BACK_OFF = "BackOff"
    FAILED_POST_START_HOOK = "FailedPostStartHook"
    FAILED_PRE_STOP_HOOK = "FailedPreStopHook"
    LIFECYCLE_HTTP_FALLBACK = "LifecycleHTTPFallback"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    FAILED_KILL_POD = "FailedKillPod"
    FAILED_SYNC = "FailedSync"
    FAILED_MOUNT = "FailedMount"
    FAILED_CREATE_POD_CONTAINER = "FailedCreatePodContainer"
    FIELD_IGNORED = "FieldIgnored"
    INVALID_MANIFEST = "InvalidManifest"
    LIMITS_NOT_ENFORCED = "LimitsNotEnforced"
    LOG_WRITE_FAILED = "LogWriteFailed"
    INVALID_ANNOTATION = "InvalidAnnotation"
    FAILED_READINESS_HOOK = "FailedReadinessHook"
