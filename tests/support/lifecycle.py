"""Builders for pods, runs and statuses; whatever is not said has a plain default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, ProbeResult, RunState, Sandbox
from agent.model.status import ContainerState, ContainerStatus
from agent.rules.actions import container_hash

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
READY_SANDBOX = Sandbox(sandbox_id="sb-0", ip="10.0.0.5")
DEAD_SANDBOX = Sandbox(sandbox_id="sb-0", ready=False, ip="10.0.0.5")
PROBE: dict[str, Any] = {"tcpSocket": {"port": 1}}


def pod(
    containers: Iterable[str | Mapping[str, Any]] = ("web",),
    *,
    init: Iterable[str | Mapping[str, Any]] = (),
    sidecars: Iterable[str | Mapping[str, Any]] = (),
    metadata: Mapping[str, Any] | None = None,
    status: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Pod:
    """A pod `web` in `default`; containers are names or mappings; sidecars follow the init ones."""
    init_containers = [_container(one) for one in init]
    init_containers += [{**_container(one), "restartPolicy": "Always"} for one in sidecars]
    return msgspec.convert(
        {
            "metadata": {"name": "web", "namespace": "default", "uid": "u-1", **(metadata or {})},
            "spec": {
                "restartPolicy": "Always",
                "initContainers": init_containers,
                "containers": [_container(one) for one in containers],
                **spec,
            },
            "status": status or {},
        },
        Pod,
    )


def _container(given: str | Mapping[str, Any]) -> dict[str, Any]:
    return {"image": "app:1", **({"name": given} if isinstance(given, str) else given)}


def run(name: str, state: str, *, at: float = 10.0, **fields: Any) -> ContainerRun:
    """A run; `state` is `running`, `created`, `unknown`, `changed` or `exited CODE`.

    A `changed` run lives, but was made from another definition.
    """
    word, _, code = state.partition(" ")
    image = "app:0" if word == "changed" else "app:1"
    container = pod([{"name": name, "image": image}]).spec.containers[0]
    began = NOW + timedelta(seconds=at)
    exited = word == "exited"
    facts: dict[str, Any] = {
        "container_id": f"{name}-{at:g}",
        "created_at": began,
        "started_at": None if word in ("created", "unknown") else began,
        "finished_at": began + timedelta(seconds=1) if exited else None,
        "exit_code": int(code or 0),
        "image": "app:1",
        "spec_hash": container_hash(container),
    }
    known = RunState.RUNNING if word == "changed" else RunState(word)
    return ContainerRun(name=name, state=known, **{**facts, **fields})


def results(runs: Iterable[ContainerRun], given: Mapping[str, str]) -> dict[str, ProbeResult]:
    """Probe results by container name (`success`, `failure`, `unknown`), keyed by container id."""
    ids = {one.name: one.container_id for one in runs}
    return {ids[name]: ProbeResult(word.capitalize()) for name, word in given.items()}


_ENDED: dict[str, Any] = {"exitCode": 0, "reason": "Completed"}
_FAILED: dict[str, Any] = {"exitCode": 1, "reason": "Error"}
_WORDS: dict[str, dict[str, Any]] = {
    "run": {"state": {"running": {}}},
    "start": {"state": {"running": {}}, "started": True},
    "ready": {"state": {"running": {}}, "started": True, "ready": True},
    "ok": {"state": {"terminated": _ENDED}},
    "done": {"state": {"terminated": _ENDED}, "ready": True},
    "fail": {"state": {"terminated": _FAILED}},
    "wait": {"state": {"waiting": {}}},
    "wLT": {"state": {"waiting": {}}, "lastState": {"terminated": _ENDED}},
    "wNZ": {"state": {"waiting": {}}, "lastState": {"terminated": _FAILED}},
    "empty": {},
}


def status(name: str, word: str, **fields: Any) -> ContainerStatus:
    """A container status in one word.

    run (not started), start (started), ready, ok (exit 0), done (exit 0 and ready, as init
    containers are), fail (exit 1), wait, wLT and wNZ (waiting after exit 0 and 1), empty.
    """
    return msgspec.convert({"name": name, **_WORDS[word], **fields}, ContainerStatus)


def statuses(words: Mapping[str, str]) -> tuple[ContainerStatus, ...]:
    """Statuses by name."""
    return tuple(status(name, word) for name, word in words.items())


def state_words(state: ContainerState) -> str:
    """A state in words: `Running`, `Waiting REASON`, `Terminated CODE REASON`, or nothing."""
    if state.running is not None:
        return "Running"
    if state.waiting is not None:
        return f"Waiting {state.waiting.reason}".strip()
    if state.terminated is not None:
        return f"Terminated {state.terminated.exit_code} {state.terminated.reason}".strip()
    return ""
