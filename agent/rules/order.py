"""Whom does a container wait for before it gets its stop signal?"""

from __future__ import annotations

from collections.abc import Collection

from agent.model.pod import Pod
from agent.rules.restart import is_sidecar


def has_order(pod: Pod) -> bool:
    """Return whether the pod has sidecars; without any, nobody waits."""
    return any(is_sidecar(container) for container in pod.spec.init_containers)


def waits_for(pod: Pod, name: str, running: Collection[str]) -> frozenset[str]:
    """Return the containers, of those `running` when termination began, that must stop first.

    A sidecar waits for every regular container and for the next later sidecar; the others wait
    for nobody. All the waiting is paid from the grace budget.
    Kubernetes: newTerminationOrdering (kuberuntime_termination_order.go).
    """
    sidecars = [container.name for container in pod.spec.init_containers if is_sidecar(container)]
    if name not in sidecars:
        return frozenset()
    first = {container.name for container in pod.spec.containers}
    first.update(sidecars[sidecars.index(name) + 1 :][:1])
    return frozenset(first.intersection(running))
