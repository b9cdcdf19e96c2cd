"""What became different about a pod."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from agent.model.pod import Pod
from agent.model.status import (
    ContainerState,
    ContainerStateRunning,
    ContainerStateTerminated,
    ContainerStateWaiting,
    ContainerStatus,
    PodCondition,
    PodStatus,
)
from agent.rules.transitions import transitions
from tests.support.builders import deleted, pod

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
RUNNING = ContainerState(running=ContainerStateRunning(started_at=NOW))
CREATING = ContainerState(waiting=ContainerStateWaiting(reason="ContainerCreating"))
BACK_OFF = ContainerState(waiting=ContainerStateWaiting(reason="CrashLoopBackOff"))


def ended(code: int, run: str = "1") -> ContainerState:
    return ContainerState(
        terminated=ContainerStateTerminated(
            exit_code=code, reason="Error" if code else "Completed", container_id=run
        )
    )


def with_status(*states: ContainerState, phase: str = "Running", **fields: Any) -> Pod:
    """A pod whose containers c0, c1... are in these states."""
    statuses = tuple(
        ContainerStatus(name=f"c{number}", state=state, **fields)
        for number, state in enumerate(states)
    )
    return replace(pod(), status=PodStatus(phase=phase, container_statuses=statuses))


def told(old: Pod | None, new: Pod) -> list[tuple[str, str, dict[str, Any]]]:
    return [(step.container, step.text, step.fields) for step in transitions(old, new)]


def test_nothing_is_said_of_what_stayed_the_same() -> None:
    assert told(with_status(RUNNING), with_status(RUNNING)) == []


def test_a_new_pod_begins_with_its_phase() -> None:
    new = with_status(phase="Pending")

    assert told(None, new) == [("", "pod changed its phase", {"phase": "Pending"})]


def test_a_container_that_starts_says_how_often_it_did() -> None:
    new = with_status(RUNNING, restart_count=2)

    assert told(with_status(CREATING), new) == [("c0", "container runs", {"restarts": 2})]


def test_an_end_is_a_warning_unless_its_code_is_zero() -> None:
    bad, good = (transitions(with_status(RUNNING), with_status(ended(code))) for code in (3, 0))

    assert [(step.fields["exit_code"], step.is_warning) for step in (*bad, *good)] == [
        (3, True),
        (0, False),
    ]


def test_an_end_that_was_seen_only_afterwards_is_told_too() -> None:
    new = with_status(RUNNING, restart_count=1, last_state=ended(3))
    old = with_status(ContainerState(running=ContainerStateRunning(started_at=None)))

    assert [text for _, text, _ in told(old, new)] == ["container ended", "container runs"]


def test_an_end_is_told_once() -> None:
    old = with_status(ended(3))
    new = with_status(BACK_OFF, last_state=ended(3))

    assert told(old, new) == [("c0", "container waits", {"reason": "CrashLoopBackOff"})]


def test_the_same_reason_to_wait_is_no_news() -> None:
    other = ContainerState(waiting=ContainerStateWaiting(reason="CrashLoopBackOff", message="x"))

    assert told(with_status(BACK_OFF), with_status(other)) == []


def test_readiness_is_told_both_ways() -> None:
    ready = PodCondition(type="Ready", status="True")
    old, new = with_status(), with_status()
    new = replace(new, status=replace(new.status, conditions=(ready,)))

    assert told(old, new) == [("", "pod is ready", {})]
    assert told(new, old) == [("", "pod is not ready", {})]


def test_a_deletion_is_told_with_its_grace() -> None:
    assert told(with_status(), deleted(with_status(), 7)) == [
        ("", "pod is terminating", {"grace_seconds": 7})
    ]


def test_a_pod_that_failed_is_a_warning_with_its_reason() -> None:
    new = with_status(phase="Failed")
    new = replace(new, status=replace(new.status, reason="DeadlineExceeded"))

    (step,) = transitions(with_status(), new)
    assert (step.is_warning, step.fields["reason"]) == (True, "DeadlineExceeded")
