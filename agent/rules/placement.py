"""Does the node take a pod now? (kube-scheduler: NodeUnschedulable, TaintToleration)"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from agent.model.node import Node, Taint
from agent.model.pod import Pod
from agent.model.scheduling import Toleration
from agent.model.status import PodCondition, PodStatus

UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"
_CORDON = Taint(key=UNSCHEDULABLE_TAINT, effect="NoSchedule")
_KEEPING_OUT = ("NoSchedule", "NoExecute")
_SCHEDULED, _UNSCHEDULABLE = "PodScheduled", "Unschedulable"


def obstacle(pod: Pod, node: Node | None) -> str:
    """Why the node does not take the pod; "" when it does. A pod that names its node is taken."""
    if node is None or pod.spec.node_name:
        return ""
    if node.spec.unschedulable and not _is_tolerated(_CORDON, pod):
        return "node(s) were unschedulable"
    for taint in node.spec.taints:
        if taint.effect in _KEEPING_OUT and not _is_tolerated(taint, pod):
            return f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}"
    return ""


def message(why: str) -> str:
    """What is told of an obstacle (kube-scheduler: FitError)."""
    return (
        f"0/1 nodes are available: 1 {why}. preemption: 0/1 nodes are available: "
        "1 Preemption is not helpful for scheduling."
    )


def held(pod: Pod, why: str, qos_class: str, now: datetime) -> Pod:
    """The pod as it is published while it waits."""
    condition = PodCondition(
        type=_SCHEDULED,
        status="False",
        last_transition_time=now.replace(microsecond=0),
        reason=_UNSCHEDULABLE,
        message=message(why),
    )
    status = PodStatus(phase="Pending", qos_class=qos_class, conditions=(condition,))
    return replace(pod, status=status)


def waits(pod: Pod) -> bool:
    """Whether a stored pod is one that waits for a place."""
    return any(
        one.type == _SCHEDULED and one.status == "False" and one.reason == _UNSCHEDULABLE
        for one in pod.status.conditions
    )


def _is_tolerated(taint: Taint, pod: Pod) -> bool:
    return any(_tolerates(one, taint) for one in pod.spec.tolerations)


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Kubernetes: Toleration.ToleratesTaint."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return bool(toleration.key) and toleration.value == taint.value
