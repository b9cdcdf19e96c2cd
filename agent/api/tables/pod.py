"""What does `kubectl get pods` print? (printers.go: printPod)"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from agent.api.tables.column import AGE, NAME, NONE, Cells, age, text, wide
from agent.model import duration
from agent.model.pod import Pod
from agent.model.table import TableRowCondition
from agent.rules.columns import PodColumns, pod_columns

COLUMNS: Final = (
    NAME,
    text("Ready", "Containers that are ready, of those that should run."),
    text("Status", "What the pod is doing, or what keeps it from doing it."),
    text("Restarts", "Restarts of its containers, and how long ago the last one was."),
    AGE,
    wide("IP", "Address of the pod."),
    wide("Node", "Node that the pod runs on."),
    wide("Nominated Node", "Node that is being cleared for the pod."),
    wide("Readiness Gates", "Readiness gates that are passed, of those that the pod names."),
)
_ENDED: Final = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


def cells(pod: Pod, now: datetime) -> Cells:
    """The row of a pod."""
    columns = pod_columns(pod)
    return (
        pod.metadata.name,
        f"{columns.ready}/{columns.total}",
        columns.status,
        _restarts(columns, now),
        age(pod, now),
        _address(pod) or NONE,
        pod.spec.node_name or NONE,
        pod.status.nominated_node_name or NONE,
        _readiness_gates(pod),
    )


def conditions(pod: Pod) -> tuple[TableRowCondition, ...]:
    """Whether the pod has ended: clients may hide such rows."""
    message = _ENDED.get(pod.status.phase)
    if message is None:
        return ()
    return (
        TableRowCondition(
            type="Completed", status="True", reason=pod.status.phase, message=message
        ),
    )


def _restarts(columns: PodColumns, now: datetime) -> str:
    if not columns.restarts or columns.last_restart is None:
        return str(columns.restarts)
    return f"{columns.restarts} ({duration.age(columns.last_restart, now)} ago)"


def _address(pod: Pod) -> str:
    """The first address; `podIP` wins where both are given and differ (core/v1 conversion.go)."""
    return pod.status.pod_ip or next((one.ip for one in pod.status.pod_ips), "")


def _readiness_gates(pod: Pod) -> str:
    """Gates whose condition is True; of several conditions of one type the first counts."""
    if not pod.spec.readiness_gates:
        return NONE
    status: dict[str, str] = {}
    for condition in pod.status.conditions:
        status.setdefault(condition.type, condition.status)
    passed = sum(status.get(g.condition_type) == "True" for g in pod.spec.readiness_gates)
    return f"{passed}/{len(pod.spec.readiness_gates)}"
