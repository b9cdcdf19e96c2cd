"""Does the node take a pod now?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from agent.model.node import Node, NodeSpec, Taint
from agent.model.pod import Pod, PodSpec
from agent.model.scheduling import Toleration
from agent.rules.placement import UNSCHEDULABLE_TAINT, held, message, obstacle, waits

TAINT = Taint(key="a", value="b", effect="NoSchedule")
CORDON = "node(s) were unschedulable"
TAINTED = "node(s) had untolerated taint {a: b}"


def _obstacle(node: dict[str, Any], *tolerations: Toleration, node_name: str = "") -> str:
    pod = Pod(spec=PodSpec(tolerations=tolerations, node_name=node_name))
    return obstacle(pod, Node(spec=NodeSpec(**node)))


@pytest.mark.parametrize(
    ("node", "tolerations", "why"),
    [
        ({}, (), ""),
        ({"unschedulable": True}, (), CORDON),
        ({"unschedulable": True}, (Toleration(operator="Exists"),), ""),
        (
            {"unschedulable": True},
            (Toleration(key=UNSCHEDULABLE_TAINT, operator="Exists", effect="NoSchedule"),),
            "",
        ),
        ({"unschedulable": True}, (Toleration(key="other", operator="Exists"),), CORDON),
        ({"taints": (TAINT,)}, (), TAINTED),
        ({"taints": (TAINT,)}, (Toleration(key="a", value="b"),), ""),
        ({"taints": (TAINT,)}, (Toleration(key="a", value="c"),), TAINTED),
        ({"taints": (TAINT,)}, (Toleration(key="a", operator="Exists"),), ""),
        ({"taints": (TAINT,)}, (Toleration(key="a", value="b", effect="NoExecute"),), TAINTED),
        ({"taints": (Taint(key="a", effect="PreferNoSchedule"),)}, (), ""),
    ],
)
def test_what_stands_in_the_way(
    node: dict[str, Any], tolerations: tuple[Toleration, ...], why: str
) -> None:
    assert _obstacle(node, *tolerations) == why


def test_who_names_the_node_needs_no_scheduler() -> None:
    assert _obstacle({"unschedulable": True}, node_name="vm") == ""


def test_an_unknown_node_takes_all() -> None:
    assert obstacle(Pod(), None) == ""


def test_a_pod_that_waits_is_known_by_its_condition() -> None:
    pod = held(Pod(), CORDON, "BestEffort", datetime(2025, 6, 1, tzinfo=UTC))

    (condition,) = pod.status.conditions
    assert condition.message == message(CORDON)
    assert pod.status.phase == "Pending"
    assert waits(pod)
    assert not waits(msgspec.structs.replace(pod, status=Pod().status))
