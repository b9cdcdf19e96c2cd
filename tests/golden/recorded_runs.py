"""Reads what the golden data call runtime containers and sandboxes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, RunState, Sandbox
from agent.rules.actions import container_hash

EPOCH = datetime(2025, 6, 1, 12, tzinfo=UTC)
POD_UID = "u-1"


def read_pod(given: dict[str, Any]) -> Pod:
    """The pod of a case, with the uid that the recordings were made with."""
    pod = msgspec.convert(given, Pod)
    metadata = msgspec.structs.replace(pod.metadata, uid=POD_UID)
    return msgspec.structs.replace(pod, metadata=metadata)


def read_runs(pod: Pod, given: Iterable[dict[str, Any]]) -> list[ContainerRun]:
    """The recorded attempts, in the order of the file."""
    hashes = {
        container.name: container_hash(container)
        for container in pod.spec.init_containers + pod.spec.containers
    }
    return [
        ContainerRun(
            name=one["name"],
            container_id=one["id"],
            state=RunState(one["state"]),
            created_at=EPOCH + timedelta(seconds=one.get("createdAt", 0)),
            started_at=_time(one.get("startedAt")),
            finished_at=_time(one.get("finishedAt")),
            exit_code=one.get("exitCode", 0),
            reason=one.get("reason", ""),
            message=one.get("message", ""),
            restart_count=one.get("restartCount", 0),
            spec_hash="other" if one.get("specChanged") else hashes.get(one["name"], ""),
            in_current_sandbox=one.get("inCurrentSandbox", False),
            image=one.get("image", "app:1"),
            image_id=one.get("imageID", "sha256:0123"),
        )
        for one in given
    ]


def read_sandboxes(given: Iterable[dict[str, Any]]) -> list[Sandbox]:
    """The recorded sandboxes, newest first."""
    return [
        Sandbox(
            sandbox_id=one["id"],
            ready=one["ready"],
            ip=one["ip"],
            attempt=one["attempt"],
            host_network=one.get("hostNetwork", False),
        )
        for one in given
    ]


def describe(expected: object, actual: object) -> str | None:
    """None when equal, else one line."""
    return None if expected == actual else f"expected {expected!r}, is {actual!r}"


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else EPOCH + timedelta(seconds=seconds)
