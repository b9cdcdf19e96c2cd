"""Which conditions does a pod meet?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.runtime import Sandbox
from agent.model.status import ContainerStatus, PodCondition
from agent.rules.phase import FAILED, SUCCEEDED
from agent.rules.restart import is_sidecar
from agent.rules.sandbox import judge_sandbox

POD_READY_TO_START_CONTAINERS = "PodReadyToStartContainers"
INITIALIZED = "Initialized"
READY = "Ready"
CONTAINERS_READY = "ContainersReady"
POD_SCHEDULED = "PodScheduled"
#: The conditions that the agent writes, in the order in which they are published.
OWNED = (POD_READY_TO_START_CONTAINERS, INITIALIZED, READY, CONTAINERS_READY, POD_SCHEDULED)

TRUE = "True"
FALSE = "False"

UNKNOWN_CONTAINER_STATUSES = "UnknownContainerStatuses"
POD_COMPLETED = "PodCompleted"
POD_FAILED = "PodFailed"
CONTAINERS_NOT_READY = "ContainersNotReady"
CONTAINERS_NOT_INITIALIZED = "ContainersNotInitialized"
READINESS_GATES_NOT_READY = "ReadinessGatesNotReady"

#: Init containers' and regular containers' statuses together; None: nothing is known.
Statuses = Sequence[ContainerStatus] | None


def ready_to_start(pod: Pod, sandboxes: Sequence[Sandbox]) -> PodCondition:
    """There is a sandbox with a network (GeneratePodReadyToStartContainersCondition)."""
    verdict = judge_sandbox(pod, sandboxes)
    return _condition(pod, POD_READY_TO_START_CONTAINERS, is_true=not verdict.changed)


def pod_scheduled(pod: Pod) -> PodCondition:
    """Always true: a pod that is here was given to this node."""
    return _condition(pod, POD_SCHEDULED, is_true=True)


def initialized(pod: Pod, statuses: Statuses, phase: str) -> PodCondition:
    """All init containers have done their part (GeneratePodInitializedCondition)."""
    if statuses is None and pod.spec.init_containers:
        return _condition(pod, INITIALIZED, is_true=False, reason=UNKNOWN_CONTAINER_STATUSES)
    unknown, incomplete = _sort_out(pod.spec.init_containers, statuses or (), _is_initialized)
    if phase == SUCCEEDED and not unknown:
        return _condition(pod, INITIALIZED, is_true=True, reason=POD_COMPLETED)
    if _any_regular_container_started(pod, statuses or ()):
        return _condition(pod, INITIALIZED, is_true=True)
    message = _complaint(unknown, incomplete, "incomplete")
    if message:
        return _condition(
            pod, INITIALIZED, is_true=False, reason=CONTAINERS_NOT_INITIALIZED, message=message
        )
    return _condition(pod, INITIALIZED, is_true=True)


def containers_ready(pod: Pod, statuses: Statuses, phase: str) -> PodCondition:
    """All regular containers and sidecars are ready (GenerateContainersReadyCondition)."""
    if statuses is None:
        return _condition(pod, CONTAINERS_READY, is_true=False, reason=UNKNOWN_CONTAINER_STATUSES)
    sidecars = tuple(c for c in pod.spec.init_containers if is_sidecar(c))
    unknown, unready = _sort_out(sidecars + pod.spec.containers, statuses, _is_ready)
    if phase == FAILED or (phase == SUCCEEDED and not unknown):
        return _condition(pod, CONTAINERS_READY, is_true=False, reason=_terminal_reason(phase))
    message = _complaint(unknown, unready, "unready")
    if message:
        return _condition(
            pod, CONTAINERS_READY, is_true=False, reason=CONTAINERS_NOT_READY, message=message
        )
    return _condition(pod, CONTAINERS_READY, is_true=True)


def ready(
    pod: Pod, statuses: Statuses, phase: str, conditions: Iterable[PodCondition]
) -> PodCondition:
    """ContainersReady, and all readiness gates True among `conditions`.

    Kubernetes: GeneratePodReadyCondition (kubelet/status/generate.go).
    """
    containers = containers_ready(pod, statuses, phase)
    if containers.status != TRUE:
        return msgspec.structs.replace(containers, type=READY)
    by_type = {condition.type: condition for condition in conditions}
    complaints = []
    for gate in pod.spec.readiness_gates:
        condition = by_type.get(gate.condition_type)
        if condition is None:
            complaints.append(
                f'corresponding condition of pod readiness gate "{gate.condition_type}"'
                " does not exist."
            )
        elif condition.status != TRUE:
            complaints.append(
                f'the status of pod readiness gate "{gate.condition_type}"'
                f' is not "True", but {condition.status}'
            )
    if complaints:
        message = ", ".join(complaints)
        return _condition(
            pod, READY, is_true=False, reason=READINESS_GATES_NOT_READY, message=message
        )
    return _condition(pod, READY, is_true=True)


def all_conditions(
    pod: Pod,
    statuses: Statuses,
    phase: str,
    sandboxes: Sequence[Sandbox],
    *,
    foreign: Iterable[PodCondition],
) -> tuple[PodCondition, ...]:
    """Return all conditions in the order of publication, without transition times."""
    conditions = [condition for condition in foreign if condition.type not in OWNED]
    conditions.append(ready_to_start(pod, sandboxes))
    conditions.append(initialized(pod, statuses, phase))
    conditions.append(ready(pod, statuses, phase, conditions))
    conditions.append(containers_ready(pod, statuses, phase))
    conditions.append(pod_scheduled(pod))
    return tuple(conditions)


def update_conditions(
    old: Iterable[PodCondition], new: Iterable[PodCondition], now: datetime
) -> tuple[PodCondition, ...]:
    """Date the agent's own conditions: `last_transition_time` moves only when the status flips.

    Kubernetes: updateLastTransitionTime (kubelet/status/status_manager.go).
    """
    before = {condition.type: condition for condition in old}
    today = now.replace(microsecond=0)
    dated = []
    for condition in new:
        if condition.type not in OWNED:
            dated.append(condition)
            continue
        known = before.get(condition.type)
        since = today
        if known is not None and known.status == condition.status:
            since = known.last_transition_time or today
        dated.append(msgspec.structs.replace(condition, last_transition_time=since))
    return tuple(dated)


def end_readiness(conditions: Iterable[PodCondition], phase: str) -> tuple[PodCondition, ...]:
    """Deny readiness to a pod whose phase is terminal (status_manager.go: mergePodStatus).

    Nothing changes when it is denied already, so that the reason given first is kept.
    """
    kept = tuple(conditions)
    if not any(c.type in (READY, CONTAINERS_READY) and c.status == TRUE for c in kept):
        return kept
    return tuple(
        msgspec.structs.replace(c, status=FALSE, reason=_terminal_reason(phase), message="")
        if c.type in (READY, CONTAINERS_READY)
        else c
        for c in kept
    )


def _condition(
    pod: Pod, kind: str, *, is_true: bool, reason: str = "", message: str = ""
) -> PodCondition:
    return PodCondition(
        type=kind,
        observed_generation=pod.metadata.generation,
        status=TRUE if is_true else FALSE,
        reason=reason,
        message=message,
    )


def _terminal_reason(phase: str) -> str:
    return POD_COMPLETED if phase == SUCCEEDED else POD_FAILED


def _sort_out(
    containers: Iterable[Container],
    statuses: Sequence[ContainerStatus],
    is_fine: Callable[[Container, ContainerStatus], bool],
) -> tuple[list[str], list[str]]:
    """Return the names without a status, and those whose status is not fine."""
    by_name = {status.name: status for status in statuses}
    unknown, lacking = [], []
    for container in containers:
        status = by_name.get(container.name)
        if status is None:
            unknown.append(container.name)
        elif not is_fine(container, status):
            lacking.append(container.name)
    return unknown, lacking


def _is_initialized(container: Container, status: ContainerStatus) -> bool:
    return bool(status.started) if is_sidecar(container) else status.ready


def _is_ready(container: Container, status: ContainerStatus) -> bool:
    return status.ready


def _any_regular_container_started(pod: Pod, statuses: Sequence[ContainerStatus]) -> bool:
    """Kubernetes: HasAnyRegularContainerStarted."""
    names = {container.name for container in pod.spec.containers}
    return any(
        status.name in names
        and (status.state.running is not None or status.state.terminated is not None)
        for status in statuses
    )


def _complaint(unknown: Sequence[str], lacking: Sequence[str], what: str) -> str:
    parts = []
    if unknown:
        parts.append(f"containers with unknown status: [{' '.join(unknown)}]")
    if lacking:
        parts.append(f"containers with {what} status: [{' '.join(lacking)}]")
    return ", ".join(parts)
