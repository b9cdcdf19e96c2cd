"""What `kubectl get pods` says of a pod: READY, STATUS, RESTARTS.

Kubernetes: pkg/printers/internalversion/printers.go printPod.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from agent.model.base import ZERO_TIME
from agent.model.pod import Pod
from agent.model.status import ContainerState, ContainerStatus
from agent.rules.restart import is_sidecar

_UNREACHABLE = "NodeLost"
_GATED = "SchedulingGated"


class PodColumns(msgspec.Struct, frozen=True, kw_only=True):
    """The cells as facts; `last_restart` dates the restarts that are counted."""

    ready: int
    total: int
    status: str
    restarts: int
    last_restart: datetime | None


class _Restarts(msgspec.Struct):
    """Restarts of some containers, and when the last of them was."""

    count: int = 0
    last: datetime | None = None

    def add(self, status: ContainerStatus) -> None:
        self.count += status.restart_count
        ended = status.last_state.terminated
        date = None if ended is None else ended.finished_at
        if date is None or date == ZERO_TIME:
            return
        if self.last is None or self.last < date:
            self.last = date


def pod_columns(pod: Pod) -> PodColumns:
    """The READY, STATUS and RESTARTS cells of a pod."""
    sidecars = {c.name for c in pod.spec.init_containers if is_sidecar(c)}
    offender, ready, restarts, of_sidecars = _initialisation(pod, sidecars)
    status = offender or _phase(pod)
    if offender is None or _initialised(pod):
        restarts = of_sidecars
        for container in pod.status.container_statuses:
            restarts.add(container)
        status, running = _regular(pod, status)
        ready += running
    return PodColumns(
        ready=ready,
        total=len(pod.spec.containers) + len(sidecars),
        status=_deletion(pod, status),
        restarts=restarts.count,
        last_restart=restarts.last,
    )


def _phase(pod: Pod) -> str:
    if any(c.type == "PodScheduled" and c.reason == _GATED for c in pod.status.conditions):
        return _GATED
    return pod.status.reason or pod.status.phase


def _initialisation(pod: Pod, sidecars: set[str]) -> tuple[str | None, int, _Restarts, _Restarts]:
    """What holds initialisation up (None: nothing), ready sidecars, restarts, theirs alone."""
    ready, restarts, of_sidecars = 0, _Restarts(), _Restarts()
    for index, status in enumerate(pod.status.init_container_statuses):
        restarts.add(status)
        if status.name in sidecars:
            of_sidecars.add(status)
        ended = status.state.terminated
        if ended is not None and ended.exit_code == 0:
            continue
        if status.name in sidecars and status.started:
            ready += status.ready
            continue
        progress = f"{index}/{len(pod.spec.init_containers)}"
        return f"Init:{_init_trouble(status.state) or progress}", ready, restarts, of_sidecars
    return None, ready, restarts, of_sidecars


def _init_trouble(state: ContainerState) -> str:
    if state.terminated is not None:
        return _ended(state)
    if state.waiting is not None and state.waiting.reason != "PodInitializing":
        return state.waiting.reason
    return ""


def _ended(state: ContainerState) -> str:
    assert state.terminated is not None
    if state.terminated.reason:
        return state.terminated.reason
    if state.terminated.signal:
        return f"Signal:{state.terminated.signal}"
    return f"ExitCode:{state.terminated.exit_code}"


def _regular(pod: Pod, status: str) -> tuple[str, int]:
    """The last word of the regular containers, first ones last; and how many are ready."""
    ready = 0
    for container in reversed(pod.status.container_statuses):
        state = container.state
        if state.waiting is not None and state.waiting.reason:
            status = state.waiting.reason
        elif state.terminated is not None:
            status = _ended(state)
        elif container.ready and state.running is not None:
            ready += 1
    if status == "Completed" and ready:
        status = "Running" if _is_true(pod, "Ready") else "NotReady"
    return status, ready


def _deletion(pod: Pod, status: str) -> str:
    if pod.metadata.deletion_timestamp is None:
        return status
    if pod.status.reason == _UNREACHABLE:
        return "Unknown"
    return status if pod.status.phase in ("Succeeded", "Failed") else "Terminating"


def _initialised(pod: Pod) -> bool:
    """Whether the condition says so; of several, the first counts."""
    said = (c.status for c in pod.status.conditions if c.type == "Initialized")
    return next(said, "") == "True"


def _is_true(pod: Pod, kind: str) -> bool:
    return any(c.type == kind and c.status == "True" for c in pod.status.conditions)
