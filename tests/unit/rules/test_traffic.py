"""Who may be sent requests, and the reasons why others may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from agent.model.pod import Pod
from agent.rules.traffic import Standing, Traffic, container_standing, node_standing, pod_standing
from tests.support.lifecycle import pod

RUNNING: dict[str, Any] = {"running": {"startedAt": "2025-06-01T12:00:00Z"}}
DELETED = {"deletionTimestamp": "2025-06-01T12:00:00Z"}


def seen(
    *statuses: Mapping[str, Any],
    ready: str = "True",
    phase: str = "Running",
    metadata: Mapping[str, Any] | None = None,
    **condition: str,
) -> Pod:
    """A pod `default/web` as published."""
    return pod(
        [status["name"] for status in statuses] or ["web"],
        metadata=metadata,
        status={
            "phase": phase,
            "conditions": [{"type": "Ready", "status": ready, **condition}],
            "containerStatuses": list(statuses),
        },
    )


def status(name: str = "web", *, ready: bool = True, **fields: Any) -> dict[str, Any]:
    return {"name": name, "ready": ready, "started": True, "state": RUNNING, **fields}


def test_a_ready_pod_is_sent_requests() -> None:
    assert pod_standing(seen(status())) == Standing(Traffic.SEND)


def test_an_unready_pod_tells_the_reasons_of_pod_and_containers() -> None:
    crashing = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    unready = seen(
        status("a"),
        status("b", ready=False, state=crashing),
        ready="False",
        reason="ContainersNotReady",
        message="containers with unready status: [b]",
    )

    assert pod_standing(unready) == Standing(
        Traffic.STOP,
        (
            "default/web: ContainersNotReady: containers with unready status: [b]",
            "default/web: container b: waiting: CrashLoopBackOff: back-off 10s",
        ),
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "running, not ready"),
        ({"started": False}, "running, not started"),
        ({"state": {"terminated": {"exitCode": 3, "reason": "Error"}}}, "exit code 3: Error"),
        ({"state": {"waiting": {"reason": "PodInitializing"}}}, "waiting: PodInitializing"),
        ({"state": {}}, "waiting"),
    ],
)
def test_the_state_of_a_container_is_its_reason(fields: dict[str, Any], text: str) -> None:
    unready = seen(status(ready=False, **fields), ready="False")

    expected = Standing(Traffic.STOP, (f"default/web: container web: {text}",))
    assert container_standing(unready, "web") == expected


def test_a_pod_without_conditions_tells_its_phase() -> None:
    assert pod_standing(pod()).reasons == ("default/web: phase Pending",)


def test_a_terminating_pod_that_serves_is_drained() -> None:
    assert pod_standing(seen(status(), metadata=DELETED)) == Standing(
        Traffic.DRAIN, ("default/web: terminating",)
    )


def test_a_terminating_pod_that_is_not_ready_serves_nobody() -> None:
    ending = seen(status(ready=False), ready="False", metadata=DELETED)

    assert pod_standing(ending) == Standing(Traffic.STOP, ("default/web: terminating",))


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_is_over_serves_nobody(phase: str) -> None:
    over = seen(status(), phase=phase)

    assert pod_standing(over).traffic is Traffic.STOP
    standing = container_standing(over, "web")
    assert standing is not None
    assert standing.traffic is Traffic.STOP


def test_a_container_may_be_ready_in_a_pod_that_is_not() -> None:
    half = seen(status("a"), status("b", ready=False), ready="False")

    assert container_standing(half, "a") == Standing(Traffic.SEND)
    assert container_standing(half, "b") == Standing(
        Traffic.STOP, ("default/web: container b: running, not ready",)
    )


def test_a_container_of_a_terminating_pod_is_drained() -> None:
    ending = seen(status(), metadata=DELETED)

    assert container_standing(ending, "web") == Standing(
        Traffic.DRAIN, ("default/web: terminating",)
    )


def test_a_container_without_a_status_is_not_ready() -> None:
    assert container_standing(pod(), "web") == Standing(
        Traffic.STOP, ("default/web: container web: no status yet",)
    )


def test_an_unknown_container_has_no_standing() -> None:
    assert container_standing(seen(status()), "other") is None


READY, UNREADY = seen(status()), seen(status(ready=False), ready="False")
ENDING = seen(status(), metadata=DELETED)
DONE = seen(status(ready=False), ready="False", phase="Succeeded")
FAILED = seen(status(ready=False), ready="False", phase="Failed")


@pytest.mark.parametrize(
    ("pods", "traffic"),
    [
        ([], Traffic.STOP),
        ([DONE], Traffic.STOP),
        ([READY], Traffic.SEND),
        ([READY, DONE], Traffic.SEND),
        ([READY, ENDING], Traffic.DRAIN),
        ([READY, ENDING, UNREADY], Traffic.STOP),
        ([READY, FAILED], Traffic.STOP),
    ],
)
def test_a_node_is_as_good_as_its_worst_pod(pods: list[Pod], traffic: Traffic) -> None:
    assert node_standing(pods).traffic is traffic


def test_a_node_tells_all_reasons() -> None:
    assert node_standing([ENDING, READY, FAILED]).reasons == (
        "default/web: terminating",
        "default/web: phase Failed",
        "default/web: container web: running, not ready",
    )
    assert node_standing([]).reasons == ("no pods",)
