"""Which containers are started, and which are ready?"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.runtime import CONTAINER_ID_SCHEME, ProbeResult
from agent.model.status import ContainerStatus
from agent.rules.container_status import ContainerStatuses
from agent.rules.restart import is_sidecar


class ProbeBeliefs(msgspec.Struct, frozen=True, kw_only=True):
    """What the probe workers believe, by (bare) container id; no entry: no result yet."""

    readiness: Mapping[str, ProbeResult] = msgspec.field(default_factory=dict)
    startup: Mapping[str, ProbeResult] = msgspec.field(default_factory=dict)


def mark_ready_started(
    pod: Pod, statuses: ContainerStatuses, beliefs: ProbeBeliefs
) -> ContainerStatuses:
    """Set `started` and `ready` of every container (prober_manager.go: UpdatePodStatus).

    A running regular container or sidecar that has a readiness probe and is not ready after this
    is to be probed at once: see `wants_readiness_probe`.
    """
    containers = {c.name: c for c in pod.spec.containers + pod.spec.init_containers}

    def mark(status: ContainerStatus) -> ContainerStatus:
        return _mark(containers[status.name], status, beliefs)

    def mark_init(status: ContainerStatus) -> ContainerStatus:
        container = containers[status.name]
        marked = _mark(container, status, beliefs)
        if is_sidecar(container):
            return marked
        ended = status.state.terminated
        return msgspec.structs.replace(marked, ready=ended is not None and ended.exit_code == 0)

    return ContainerStatuses(
        init=tuple(mark_init(status) for status in statuses.init),
        regular=tuple(mark(status) for status in statuses.regular),
        ephemeral=statuses.ephemeral,
    )


def wants_readiness_probe(container: Container, status: ContainerStatus) -> bool:
    """Return whether the readiness probe is to run now rather than at its next tick."""
    return bool(status.started) and not status.ready and container.readiness_probe is not None


def _mark(container: Container, status: ContainerStatus, beliefs: ProbeBeliefs) -> ContainerStatus:
    started = _is_started(container, status, beliefs.startup)
    ready = started and _is_ready(container, status, beliefs.readiness)
    return msgspec.structs.replace(status, started=started, ready=ready)


def _is_started(
    container: Container, status: ContainerStatus, startup: Mapping[str, ProbeResult]
) -> bool:
    if status.state.running is None:
        return False
    result = startup.get(status.container_id.removeprefix(CONTAINER_ID_SCHEME))
    if result is not None:
        return result is ProbeResult.SUCCESS
    return container.startup_probe is None


def _is_ready(
    container: Container, status: ContainerStatus, readiness: Mapping[str, ProbeResult]
) -> bool:
    result = readiness.get(status.container_id.removeprefix(CONTAINER_ID_SCHEME))
    return result is ProbeResult.SUCCESS or container.readiness_probe is None
