"""Does the node take a pod now? (kube-scheduler: plugin NodeUnschedulable; PodScheduled)"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from agent.model.pod import Pod
from agent.model.scheduling import Toleration
from agent.model.status import PodCondition, PodStatus

UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"
MESSAGE = (
    "0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available: "
    "1 Preemption is not helpful for scheduling."
)
_SCHEDULED = "PodScheduled"


def is_held(pod: Pod, *, is_cordoned: bool) -> bool:
    """Whether the pod has to wait: on a cordoned node, unless it names the node or tolerates it."""
    if not is_cordoned or pod.spec.node_name:
        return False
    return not any(map(_tolerates, pod.spec.tolerations))


def held(pod: Pod, qos_class: str, now: datetime) -> Pod:
    """The pod as it is published while it waits."""
    condition = PodCondition(
        type=_SCHEDULED,
        status="False",
        last_transition_time=now.replace(microsecond=0),
        reason="Unschedulable",
        message=MESSAGE,
    )
    status = PodStatus(phase="Pending", qos_class=qos_class, conditions=(condition,))
    return replace(pod, status=status)


def waits(pod: Pod) -> bool:
    """Whether a stored pod is one that waits for a place."""
    return any(
        one.type == _SCHEDULED and one.status == "False" and one.reason == "Unschedulable"
        for one in pod.status.conditions
    )


def _tolerates(toleration: Toleration) -> bool:
    if toleration.effect not in ("", "NoSchedule"):
        return False
    if not toleration.key:
        return toleration.operator == "Exists"
    return toleration.key == UNSCHEDULABLE_TAINT and (
        toleration.operator == "Exists" or not toleration.value
    )
