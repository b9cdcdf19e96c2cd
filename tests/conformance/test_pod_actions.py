"""The plan for a pod is what the tests of Kubernetes expect."""

from __future__ import annotations

from typing import Any

from agent.rules.plan import compute_pod_actions
from tests.support import tables
from tests.support.lifecycle import DEAD_SANDBOX, PROBE, READY_SANDBOX, pod, results, run

REGULAR = ("a", "b", "c")
SIDECARS = ("s0", "s1", "s2")
SANDBOXES = {"ready": (READY_SANDBOX,), "dead": (DEAD_SANDBOX,), "none": ()}


@tables.rows("pod_actions")
def test_the_plan_for_a_pod(row: dict[str, Any]) -> None:
    check(row)


@tables.rows("sidecar_actions")
def test_the_plan_for_a_pod_with_sidecars(row: dict[str, Any]) -> None:
    check(row, sidecars=SIDECARS)


@tables.rows("container_policy_actions")
def test_the_plan_for_containers_with_a_policy_of_their_own(row: dict[str, Any]) -> None:
    check(row)


def check(row: dict[str, Any], *, sidecars: tuple[str, ...] = ()) -> None:
    probes = {"livenessProbe": PROBE, "startupProbe": PROBE} if row.get("probed") else {}
    policies = row.get("policies", {})
    one = pod(
        [{"name": name, "restartPolicy": policies.get(name)} for name in REGULAR],
        init=[{"name": name, "restartPolicy": policies.get(name)} for name in row.get("init", ())],
        sidecars=[{"name": name, **probes} for name in sidecars],
        restartPolicy=row.get("policy", "Always"),
    )
    runs = [run(name, state) for name, state in row.get("runs", {}).items()]

    actions = compute_pod_actions(
        one,
        runs,
        SANDBOXES[row.get("sandbox", "ready")],
        liveness=results(runs, row.get("liveness", {})),
        startup=results(runs, row.get("startup", {})),
    )

    assert actions.kill_pod is row.get("kill_pod", False)
    assert actions.create_sandbox is row.get("create", False)
    assert list(actions.init_containers_to_start) == row.get("start_init", [])
    assert list(actions.containers_to_start) == row.get("start", [])
    assert {kill.name: kill.message for kill in actions.containers_to_kill} == row.get("kill", {})
    if "reason" in row:
        assert {kill.reason.value for kill in actions.containers_to_kill} == {row["reason"]}
