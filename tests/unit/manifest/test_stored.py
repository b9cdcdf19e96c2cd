"""What create stores of a pod."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.manifest.create import NamespaceMismatchError
from agent.manifest.decode import encode
from agent.manifest.stored import stored_pod
from agent.model.container import Container
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodSpec
from agent.model.scheduling import PodSchedulingGate

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


def test_a_new_pod_is_pending_and_belongs_to_a_namespace() -> None:
    stored = stored_pod(Pod(metadata=ObjectMeta(name="a")), now=NOW, qos_class="BestEffort")

    assert (stored.metadata.namespace, stored.metadata.generation) == ("default", 1)
    assert encode(stored)["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_fields_behind_gates_are_dropped_unless_the_gate_is_on() -> None:
    spec = PodSpec(containers=(Container(name="c", restart_policy="Never"),))
    pod = Pod(metadata=ObjectMeta(name="a"), spec=spec)
    gate = frozenset({"ContainerRestartRules"})

    off = stored_pod(pod, now=NOW, qos_class="")
    on = stored_pod(pod, now=NOW, qos_class="", features=gate)

    assert off.spec.containers[0].restart_policy is None
    assert on.spec.containers[0].restart_policy == "Never"


def test_a_gated_pod_says_so() -> None:
    pod = Pod(
        metadata=ObjectMeta(name="a"),
        spec=PodSpec(scheduling_gates=(PodSchedulingGate(name="g"),)),
    )

    (condition,) = stored_pod(pod, now=NOW, qos_class="").status.conditions

    assert (condition.type, condition.status, condition.reason) == (
        "PodScheduled",
        "False",
        "SchedulingGated",
    )
    assert condition.last_transition_time == NOW


def test_another_namespace_than_that_of_the_request_is_refused() -> None:
    pod = Pod(metadata=ObjectMeta(name="a", namespace="other"))

    with pytest.raises(NamespaceMismatchError):
        stored_pod(pod, now=NOW, qos_class="", namespace="mine")
