"""How the node is published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from agent.model.node import Node, NodeSystemInfo, Taint
from agent.rules.node_status import NodeFacts, node_of, with_cordon

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
GIB = 1024**3


def _facts(**changes: Any) -> NodeFacts:
    facts = NodeFacts(
        name="vm",
        address="10.0.0.1",
        hostname="vm.example",
        info=NodeSystemInfo(architecture="amd64"),
        cpus=2,
        memory=4 * GIB,
        disk=10 * GIB,
        free_memory=2 * GIB,
        free_disk=5 * GIB,
    )
    return replace(facts, **changes)


def _conditions(node: Node) -> dict[str, str]:
    return {condition.type: condition.status for condition in node.status.conditions}


def test_a_healthy_node() -> None:
    node = node_of(_facts(), None, NOW)

    assert _conditions(node) == {
        "MemoryPressure": "False",
        "DiskPressure": "False",
        "PIDPressure": "False",
        "Ready": "True",
    }
    assert node.status.capacity["memory"] == "4194304Ki"
    assert [one.address for one in node.status.addresses] == ["10.0.0.1", "vm.example"]
    assert node.metadata.labels["kubernetes.io/hostname"] == "vm.example"


def test_what_is_wrong_shows() -> None:
    node = node_of(_facts(free_memory=1, free_disk=1, trouble="no disk"), None, NOW)

    found = _conditions(node)
    assert (found["MemoryPressure"], found["DiskPressure"], found["Ready"]) == (
        "True",
        "True",
        "False",
    )
    ready = next(one for one in node.status.conditions if one.type == "Ready")
    assert ready.message == "no disk"


def test_what_users_wrote_stays_and_a_change_keeps_its_time() -> None:
    first = node_of(_facts(), None, NOW)
    metadata = replace(first.metadata, labels={**first.metadata.labels, "x": "y"})
    labelled = replace(first, metadata=metadata)
    later = NOW + timedelta(minutes=5)
    second = node_of(_facts(trouble="t"), labelled, later)

    times = {one.type: one.last_transition_time for one in second.status.conditions}
    assert second.metadata.labels["x"] == "y"
    assert second.metadata.creation_timestamp == NOW
    assert times["DiskPressure"] == NOW
    assert times["Ready"] == later
    assert {one.last_heartbeat_time for one in second.status.conditions} == {later}


def test_a_cordon_has_its_taint() -> None:
    other = Taint(key="a", effect="NoSchedule")
    node = Node(spec=replace(Node().spec, unschedulable=True, taints=(other,)))
    tainted = with_cordon(node, NOW)

    assert [taint.key for taint in tainted.spec.taints] == [
        "a",
        "node.kubernetes.io/unschedulable",
    ]
    assert with_cordon(tainted, NOW) is tainted
    free = with_cordon(replace(tainted, spec=replace(tainted.spec, unschedulable=False)), NOW)
    assert free.spec.taints == (other,)
