"""What a kubelet decides to do next for a pod."""

from __future__ import annotations

from typing import Any

from agent.model.runtime import ProbeResult
from agent.rules.plan import compute_pod_actions
from tests.golden.recorded_runs import describe, read_pod, read_runs, read_sandboxes


def replay(case: dict[str, Any]) -> str | None:
    """Compare the whole plan; kills have no order."""
    given = case["input"]
    pod = read_pod(given["pod"])
    actions = compute_pod_actions(
        pod,
        read_runs(pod, given["runtimeContainers"]),
        read_sandboxes(given["sandboxes"]),
        liveness=_results(given.get("liveness")),
        startup=_results(given.get("startup")),
        features=frozenset(case.get("features", ())),
    )
    kills = [
        {"id": kill.container_id, "message": kill.message, "name": kill.name, "reason": kill.reason}
        for kill in actions.containers_to_kill
    ]
    actual = {
        "attempt": actions.attempt,
        "containersToKill": sorted(kills, key=lambda kill: kill["id"]),
        "containersToStart": list(actions.containers_to_start),
        "createSandbox": actions.create_sandbox,
        "ephemeralContainersToStart": list(actions.ephemeral_containers_to_start),
        "initContainersToStart": list(actions.init_containers_to_start),
        "killPod": actions.kill_pod,
        "sandboxID": actions.sandbox_id,
    }
    expected = dict(case["expected"])
    expected["containersToKill"] = sorted(expected["containersToKill"], key=lambda k: k["id"])
    return describe(expected, actual)


def _results(given: dict[str, str] | None) -> dict[str, ProbeResult]:
    return {key: ProbeResult(value.capitalize()) for key, value in (given or {}).items()}
