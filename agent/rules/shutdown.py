"""In which order do the pods of a machine end?

Kubernetes: graceful node shutdown ends pods of low priority before those of high priority
(kubelet/nodeshutdown: groupByPriority); pods of one priority end in parallel.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.model.pod import Pod


def shutdown_groups(pods: Iterable[Pod]) -> list[list[Pod]]:
    """Return groups that end one after the other; a pod without a priority has 0."""
    groups: dict[int, list[Pod]] = {}
    for pod in pods:
        groups.setdefault(pod.spec.priority or 0, []).append(pod)
    return [groups[priority] for priority in sorted(groups)]
