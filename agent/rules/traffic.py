"""May requests be sent to a pod, and if not, why?

Kubernetes: a pod is in the ready addresses of an EndpointSlice while its condition Ready is True
and nobody asked for its end; a terminating pod that is still Ready serves what it has
(pkg/controller/util/endpointslice). The condition itself stays what the kubelet makes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import msgspec

from agent.model.pod import Pod
from agent.model.status import ContainerState, ContainerStatus, PodStatus
from agent.rules.phase import TERMINAL


class Traffic(Enum):
    """What a load balancer should do."""

    SEND = "send"
    DRAIN = "drain"
    STOP = "stop"


class Standing(msgspec.Struct, frozen=True):
    """The answer, and why it is not SEND, in one line per reason."""

    traffic: Traffic
    reasons: tuple[str, ...] = ()


_SEND = Standing(Traffic.SEND)


def pod_standing(pod: Pod) -> Standing:
    """Return how a pod stands, as published."""
    reference = f"{pod.metadata.namespace}/{pod.metadata.name}"
    ready = _is_ready(pod.status)
    if pod.metadata.deletion_timestamp is not None:
        return _terminating(reference, serving=ready)
    if ready:
        return _SEND
    unready = (one for one in _statuses(pod.status) if not one.ready)
    containers = (f"{reference}: {_container_reason(one)}" for one in unready)
    return Standing(Traffic.STOP, (f"{reference}: {_pod_reason(pod.status)}", *containers))


def container_standing(pod: Pod, name: str) -> Standing | None:
    """Return how one container of a pod stands; None if it has none of that name."""
    reference = f"{pod.metadata.namespace}/{pod.metadata.name}"
    specs = (*pod.spec.init_containers, *pod.spec.containers)
    if all(container.name != name for container in specs):
        return None
    status = next((one for one in _statuses(pod.status) if one.name == name), None)
    ready = status is not None and status.ready and pod.status.phase not in TERMINAL
    if pod.metadata.deletion_timestamp is not None:
        return _terminating(reference, serving=ready)
    if ready:
        return _SEND
    reason = f"container {name}: no status yet" if status is None else _container_reason(status)
    return Standing(Traffic.STOP, (f"{reference}: {reason}",))


def node_standing(pods: Iterable[Pod]) -> Standing:
    """Return how all pods stand together; pods that succeeded have done their work.

    Without any pod nobody serves, so nothing should be sent.
    """
    serving = [pod for pod in pods if pod.status.phase != "Succeeded"]
    if not serving:
        return Standing(Traffic.STOP, ("no pods",))
    standings = [pod_standing(pod) for pod in serving]
    reasons = tuple(reason for standing in standings for reason in standing.reasons)
    for traffic in (Traffic.STOP, Traffic.DRAIN):
        if any(standing.traffic is traffic for standing in standings):
            return Standing(traffic, reasons)
    return _SEND


def _terminating(reference: str, *, serving: bool) -> Standing:
    return Standing(Traffic.DRAIN if serving else Traffic.STOP, (f"{reference}: terminating",))


def _is_ready(status: PodStatus) -> bool:
    if status.phase in TERMINAL:
        return False
    return any(c.type == "Ready" and c.status == "True" for c in status.conditions)


def _pod_reason(status: PodStatus) -> str:
    """The condition's own words; for a pod that has none yet, its phase."""
    for condition in status.conditions:
        if condition.type == "Ready" and (condition.reason or condition.message):
            return ": ".join(filter(None, (condition.reason, condition.message)))
    return f"phase {status.phase or 'Pending'}"


def _statuses(status: PodStatus) -> tuple[ContainerStatus, ...]:
    return (*status.init_container_statuses, *status.container_statuses)


def _container_reason(status: ContainerStatus) -> str:
    return f"container {status.name}: {_state_text(status.state, started=bool(status.started))}"


def _state_text(state: ContainerState, *, started: bool) -> str:
    if state.waiting is not None:
        words = (state.waiting.reason, state.waiting.message)
        return ": ".join(("waiting", *filter(None, words)))
    if state.terminated is not None:
        ended = state.terminated
        return ": ".join(filter(None, (f"exit code {ended.exit_code}", ended.reason)))
    if state.running is None:
        return "waiting"
    return "running, not ready" if started else "running, not started"
