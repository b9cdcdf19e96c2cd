"""In which order do the pods of a machine end?

Kubernetes: graceful node shutdown ends pods of low priority before those of high priority
(kubelet/nodeshutdown: groupByPriority); pods of one priority end in parallel.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from agent.model.pod import Pod
from agent.model.status import PodStatus
from agent.rules.annotations import drain_seconds
from agent.rules.grace import MINIMUM_GRACE_PERIOD


def shutdown_groups(pods: Iterable[Pod]) -> list[list[Pod]]:
    """Return groups that end one after the other; a pod without a priority has 0."""
    groups: dict[int, list[Pod]] = {}
    for pod in pods:
        groups.setdefault(pod.spec.priority or 0, []).append(pod)
    return [groups[priority] for priority in sorted(groups)]


def rested(pod: Pod) -> Pod:
    """Return a pod that ended with its agent as it waits for the next one.

    As after a restart of its node, it begins anew, unless it is never to be restarted.
    """
    metadata = replace(pod.metadata, deletion_timestamp=None, deletion_grace_period_seconds=None)
    pod = replace(pod, metadata=metadata)
    if pod.spec.restart_policy == "Never":
        return pod
    return replace(pod, status=PodStatus(phase="Pending", qos_class=pod.status.qos_class))


def longest_stop(pods: Iterable[Pod]) -> float:
    """Return how many seconds a graceful stop of these pods may take, group after group."""
    return sum(max(map(_stop, group)) for group in shutdown_groups(pods))


def _stop(pod: Pod) -> float:
    """A pod's drain and grace, and what a hook that uses it up leaves for the stop signal."""
    wanted = pod.spec.termination_grace_period_seconds
    grace = max(wanted if wanted is not None else 0, 1) + MINIMUM_GRACE_PERIOD
    return drain_seconds(pod) + grace
