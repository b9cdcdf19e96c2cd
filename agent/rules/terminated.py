"""What is left to say of a pod that has ended?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent.model.pod import Pod
from agent.model.status import ContainerState, ContainerStatus, PodStatus
from agent.rules.conditions import end_readiness
from agent.rules.container_status import LOST_WHEN_TERMINATED, lost
from agent.rules.phase import FAILED, TERMINAL
from agent.rules.restart import is_sidecar


def terminate_pod(pod: Pod, status: PodStatus, *, is_static: bool = False) -> PodStatus:
    """Give every container that may have run an end, and the pod a terminal phase.

    What is not known to have ended well counts as failed. `pod.status` tells how far the pod came.
    Kubernetes: TerminatePod (kubelet/status/status_manager.go).
    """
    regular = status.container_statuses
    if _has_initialized(pod):
        regular = tuple(_ended(one) for one in regular)
    attempted = _attempted(status.init_container_statuses)
    init = tuple(
        _ended(one) if index < attempted else one
        for index, one in enumerate(status.init_container_statuses)
    )
    phase = status.phase
    if phase not in TERMINAL and not is_static:
        phase = FAILED
    conditions = status.conditions
    if phase in TERMINAL:
        conditions = end_readiness(conditions, phase)
    return msgspec.structs.replace(
        status,
        phase=phase,
        conditions=conditions,
        container_statuses=regular,
        init_container_statuses=init,
    )


def _ended(status: ContainerStatus) -> ContainerStatus:
    if status.state.terminated is not None:
        return status
    state = ContainerState(terminated=lost(LOST_WHEN_TERMINATED))
    return msgspec.structs.replace(status, state=state)


def _attempted(statuses: Sequence[ContainerStatus]) -> int:
    """How many init containers may have run: all but those that only wait at the end.

    At least one of them (status_manager.go: initializedContainers).
    """
    for index in range(len(statuses) - 1, -1, -1):
        status = statuses[index]
        if status.state.waiting is None or status.last_state.terminated is not None:
            return index + 1
    return 1


def _has_initialized(pod: Pod) -> bool:
    """Kubernetes: hasPodInitialized (status_manager.go)."""
    if not pod.spec.init_containers:
        return True
    if any(_ever_ran(status) for status in pod.status.container_statuses):
        return True
    statuses = pod.status.init_container_statuses
    if not statuses:
        return False
    last = statuses[-1]
    container = next((c for c in pod.spec.init_containers if c.name == last.name), None)
    if container is None:
        return False
    if is_sidecar(container):
        return last.state.running is not None and bool(last.started)
    return _completed(last.state) or _completed(last.last_state)


def _ever_ran(status: ContainerStatus) -> bool:
    return (
        status.last_state.terminated is not None
        or status.state.running is not None
        or status.state.terminated is not None
    )


def _completed(state: ContainerState) -> bool:
    return state.terminated is not None and state.terminated.exit_code == 0
