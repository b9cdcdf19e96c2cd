"""Conditions: their order, their times, and the end of readiness."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from agent.model.runtime import Sandbox
from agent.model.status import PodCondition
from agent.rules import conditions
from tests.support.lifecycle import NOW, READY_SANDBOX, pod, statuses

LATER = NOW + timedelta(seconds=90.5)
FOREIGN = PodCondition(type="example.org/fed", status="True", last_transition_time=NOW)


def all_of(word: str, *, sandboxes: tuple[Sandbox, ...] = (READY_SANDBOX,)) -> list[PodCondition]:
    one = pod(metadata={"generation": 3})
    return list(
        conditions.all_conditions(
            one, statuses({"web": word}), "Running", sandboxes, foreign=[FOREIGN]
        )
    )


def test_foreign_conditions_come_first_and_the_agents_in_their_order() -> None:
    assert [condition.type for condition in all_of("ready")] == [
        "example.org/fed",
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]


def test_the_agent_does_not_keep_conditions_of_its_own_kinds_from_elsewhere() -> None:
    stale = PodCondition(type="Ready", status="Unknown")

    made = conditions.all_conditions(
        pod(), statuses({"web": "ready"}), "Running", (READY_SANDBOX,), foreign=[stale]
    )

    assert [c.status for c in made if c.type == "Ready"] == ["True"]


def test_each_condition_names_the_generation_it_was_made_from() -> None:
    assert {c.observed_generation for c in all_of("ready")} == {0, 3}


def test_without_a_sandbox_no_container_can_start() -> None:
    by_type = {c.type: c.status for c in all_of("wait", sandboxes=())}

    assert by_type["PodReadyToStartContainers"] == "False"
    assert by_type["PodScheduled"] == "True"


def test_a_gate_on_a_condition_made_later_counts_as_absent() -> None:
    gated = pod(readinessGates=[{"conditionType": "PodScheduled"}])

    made = conditions.all_conditions(
        gated, statuses({"web": "ready"}), "Running", (READY_SANDBOX,), foreign=()
    )

    ready = next(c for c in made if c.type == "Ready")
    assert ready.reason == "ReadinessGatesNotReady"


def test_a_new_condition_is_dated_in_whole_seconds() -> None:
    dated = conditions.update_conditions((), all_of("ready"), LATER)

    assert {c.last_transition_time for c in dated[1:]} == {NOW + timedelta(seconds=90)}


def test_a_time_moves_only_when_the_status_flips() -> None:
    before = conditions.update_conditions((), all_of("ready"), NOW)

    after = conditions.update_conditions(before, all_of("run"), LATER)

    moved = {c.type for c in after if c.last_transition_time != NOW}
    assert moved == {"Ready", "ContainersReady"}


def test_a_new_message_is_not_a_flip() -> None:
    old = PodCondition(type="Ready", status="False", message="a", last_transition_time=NOW)
    new = PodCondition(type="Ready", status="False", message="b")

    (updated,) = conditions.update_conditions([old], [new], LATER)

    assert updated == msgspec.structs.replace(new, last_transition_time=NOW)


def test_a_foreign_condition_keeps_its_own_time() -> None:
    flipped = msgspec.structs.replace(FOREIGN, status="False")

    assert conditions.update_conditions([FOREIGN], [flipped], LATER) == (flipped,)


@pytest.mark.parametrize(
    ("phase", "reason"), [("Succeeded", "PodCompleted"), ("Failed", "PodFailed")]
)
def test_a_pod_that_is_over_is_not_ready(phase: str, reason: str) -> None:
    ended = {c.type: c for c in conditions.end_readiness(all_of("ready"), phase)}

    for kind in ("Ready", "ContainersReady"):
        assert (ended[kind].status, ended[kind].reason) == ("False", reason)
    assert ended["Initialized"].status == "True"


def test_what_was_unready_already_keeps_its_reason() -> None:
    unready = tuple(all_of("run"))

    assert conditions.end_readiness(unready, "Failed") == unready
