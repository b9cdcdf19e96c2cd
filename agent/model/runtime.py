"""What the host knows of a pod: the facts that the rules decide on."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, StrEnum

import msgspec


class RunState(Enum):
    """State of one run of a container (CRI: ContainerState)."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"
    UNKNOWN = "unknown"


class ContainerRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a container, as the host knows it; times are UTC.

    `container_id` is bare ("8f3c..."); `runtime.CONTAINER_ID_SCHEME` is put before it in statuses.
    `spec_hash` identifies the definition it was made from (rules.plan.container_hash).
    `comes_back`: it is killed in order to be started again, however it ends.
    """

    name: str
    container_id: str
    state: RunState
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    restart_count: int = 0
    spec_hash: str = ""
    comes_back: bool = False
    in_current_sandbox: bool = True
    image: str = ""
    image_id: str = ""


class Sandbox(msgspec.Struct, frozen=True, kw_only=True):
    """The frame in which a pod's containers run; a new one means that everything starts anew.

    A ready sandbox without an `ip` is made anew, unless the pod is on the host network.
    `host_network` is what it was made for; None compares with nothing.
    """

    sandbox_id: str
    ready: bool = True
    ip: str = ""
    attempt: int = 0
    host_network: bool | None = None


class ProbeKind(StrEnum):
    """The three probes; the value is how Kubernetes prints it."""

    LIVENESS = "Liveness"
    READINESS = "Readiness"
    STARTUP = "Startup"


class ProbeResult(Enum):
    """The belief about a container that a probe worker publishes."""

    SUCCESS = "Success"
    FAILURE = "Failure"
    UNKNOWN = "Unknown"


class Outcome(Enum):
    """What a handler found (Kubernetes: pkg/probe Result, plus the error beside it)."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"
    ERROR = "error"


class KillReason(StrEnum):
    """Why a container is killed; selects the grace period (kuberuntime: containerKillReason)."""

    NONE = ""
    STARTUP_PROBE = "StartupProbe"
    LIVENESS_PROBE = "LivenessProbe"
    FAILED_POST_START_HOOK = "FailedPostStartHook"
    UNKNOWN = "Unknown"


CONTAINER_ID_SCHEME = "barepod://"
