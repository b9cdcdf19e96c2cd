"""READY, STATUS and RESTARTS follow from the statuses as kubectl prints them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from agent.model.pod import Pod
from agent.rules.columns import PodColumns, pod_columns

ENDED = datetime(2025, 6, 1, 12, tzinfo=UTC)


def pod(status: dict[str, Any], *, init: tuple[str, ...] = (), **metadata: Any) -> Pod:
    """A pod with the container c, and init containers of which those called s... are sidecars."""
    inits = [
        {"name": name} | ({"restartPolicy": "Always"} if name.startswith("s") else {})
        for name in init
    ]
    spec = {"containers": [{"name": "c"}], "initContainers": inits}
    return msgspec.convert({"metadata": metadata, "spec": spec, "status": status}, Pod)


def status_of(name: str, state: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, **more}


def columns(ready: int, total: int, status: str, restarts: int = 0) -> PodColumns:
    return PodColumns(ready=ready, total=total, status=status, restarts=restarts, last_restart=None)


def test_a_ready_pod_runs() -> None:
    running = status_of("c", {"running": {}}, ready=True, restartCount=2)

    seen = pod_columns(pod({"phase": "Running", "containerStatuses": [running]}))

    assert seen == columns(1, 1, "Running", 2)


def test_the_reason_of_a_waiting_container_is_the_status_and_its_last_end_is_dated() -> None:
    ended = {"terminated": {"exitCode": 1, "finishedAt": "2025-06-01T12:00:00Z"}}
    waiting = status_of(
        "c", {"waiting": {"reason": "CrashLoopBackOff"}}, restartCount=3, lastState=ended
    )

    seen = pod_columns(pod({"phase": "Running", "containerStatuses": [waiting]}))

    assert (seen.status, seen.restarts, seen.last_restart) == ("CrashLoopBackOff", 3, ENDED)


def test_an_end_without_a_reason_shows_its_code_or_signal() -> None:
    texts = [
        pod_columns(pod({"containerStatuses": [status_of("c", {"terminated": ended})]})).status
        for ended in (
            {"exitCode": 3},
            {"exitCode": 137, "signal": 9},
            {"exitCode": 1, "reason": "Error"},
        )
    ]

    assert texts == ["ExitCode:3", "Signal:9", "Error"]


def test_init_containers_are_counted_until_they_are_done() -> None:
    done = status_of("i", {"terminated": {"exitCode": 0}})
    running = status_of("j", {"running": {}}, restartCount=1)

    seen = pod_columns(pod({"initContainerStatuses": [done, running]}, init=("i", "j")))

    assert seen == columns(0, 1, "Init:1/2", 1)


def test_a_failed_init_container_says_why() -> None:
    failed = status_of("i", {"waiting": {"reason": "CrashLoopBackOff"}})

    seen = pod_columns(pod({"initContainerStatuses": [failed]}, init=("i",)))

    assert seen.status == "Init:CrashLoopBackOff"


def test_a_started_sidecar_counts_among_the_ready() -> None:
    sidecar = status_of("s", {"running": {}}, started=True, ready=True)
    running = status_of("c", {"running": {}}, ready=True)
    status = {
        "phase": "Running",
        "initContainerStatuses": [sidecar],
        "containerStatuses": [running],
    }

    assert pod_columns(pod(status, init=("s",))) == columns(2, 2, "Running")


def test_a_deleted_pod_is_terminating_until_it_has_ended() -> None:
    running = status_of("c", {"running": {}}, ready=True)
    texts = [
        pod_columns(
            pod(
                {"phase": phase, "reason": reason, "containerStatuses": [running]},
                deletionTimestamp="2025-06-01T12:00:00Z",
            )
        ).status
        for phase, reason in (("Running", ""), ("Failed", ""), ("Running", "NodeLost"))
    ]

    assert texts == ["Terminating", "Failed", "Unknown"]
