"""How is the node published? (kubelet: pkg/kubelet/nodestatus/setters.go)"""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from agent.model.meta import ObjectMeta
from agent.model.node import (
    Node,
    NodeAddress,
    NodeCondition,
    NodeStatus,
    NodeSystemInfo,
    Taint,
)
from agent.rules.placement import UNSCHEDULABLE_TAINT

#: Pods that a node may run; a kubelet's default.
MAX_PODS = 110
#: A tenth of a disk or 100Mi of memory left is pressure (kubelet: eviction thresholds).
_LEAST_DISK, _LEAST_MEMORY = 0.1, 100 * 1024 * 1024


class NodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the machine now; bytes. `trouble` is why the agent does not work."""

    name: str
    address: str
    hostname: str
    info: NodeSystemInfo
    cpus: int
    memory: int
    disk: int
    free_memory: int
    free_disk: int
    trouble: str = ""


def node_of(facts: NodeFacts, before: Node | None, now: datetime) -> Node:
    """The node as it is now; what users wrote of it stays."""
    now = now.replace(microsecond=0)
    labels = {
        "beta.kubernetes.io/arch": facts.info.architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": facts.info.architecture,
        "kubernetes.io/hostname": facts.hostname,
        "kubernetes.io/os": "linux",
    }
    node = before or Node(metadata=ObjectMeta(name=facts.name, creation_timestamp=now))
    metadata = replace(node.metadata, labels={**node.metadata.labels, **labels})
    return replace(node, metadata=metadata, status=_status(facts, node.status, now))


def with_cordon(node: Node, now: datetime) -> Node:
    """The node with the taint that goes with its cordon, or without it."""
    others = tuple(one for one in node.spec.taints if one.key != UNSCHEDULABLE_TAINT)
    has_taint = len(others) != len(node.spec.taints)
    if node.spec.unschedulable is has_taint:
        return node
    added = Taint(key=UNSCHEDULABLE_TAINT, effect="NoSchedule", time_added=now)
    taints = (*others, added) if node.spec.unschedulable else others
    return replace(node, spec=replace(node.spec, taints=taints))


def _status(facts: NodeFacts, before: NodeStatus, now: datetime) -> NodeStatus:
    amounts = {
        "cpu": str(facts.cpus),
        "ephemeral-storage": f"{facts.disk // 1024}Ki",
        "memory": f"{facts.memory // 1024}Ki",
        "pods": str(MAX_PODS),
    }
    return replace(
        before,
        capacity=amounts,
        allocatable=amounts,
        addresses=(
            NodeAddress(type="InternalIP", address=facts.address),
            NodeAddress(type="Hostname", address=facts.hostname),
        ),
        conditions=tuple(_with_times(one, before, now) for one in _conditions(facts)),
        node_info=facts.info,
    )


def _conditions(facts: NodeFacts) -> tuple[NodeCondition, ...]:
    short_of_memory = 0 < facts.free_memory < _LEAST_MEMORY
    short_of_disk = facts.disk > 0 and facts.free_disk < facts.disk * _LEAST_DISK
    return (
        _pressure("MemoryPressure", short_of_memory, "InsufficientMemory", "SufficientMemory"),
        _pressure("DiskPressure", short_of_disk, "DiskPressure", "NoDiskPressure"),
        _pressure("PIDPressure", False, "InsufficientPID", "SufficientPID"),
        NodeCondition(
            type="Ready",
            status="False" if facts.trouble else "True",
            reason="AgentNotReady" if facts.trouble else "AgentReady",
            message=facts.trouble or "barepod is posting ready status",
        ),
    )


def _pressure(kind: str, is_on: bool, bad: str, good: str) -> NodeCondition:
    words = "under" if is_on else "not under"
    return NodeCondition(
        type=kind,
        status="True" if is_on else "False",
        reason=bad if is_on else good,
        message=f"the machine is {words} this pressure",
    )


def _with_times(condition: NodeCondition, before: NodeStatus, now: datetime) -> NodeCondition:
    """A condition keeps the time of its last change."""
    same = (
        one
        for one in before.conditions
        if one.type == condition.type and one.status == condition.status
    )
    since = next((one.last_transition_time for one in same), None)
    return replace(condition, last_heartbeat_time=now, last_transition_time=since or now)
