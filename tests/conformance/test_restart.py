"""Containers are restarted as the tests of Kubernetes say."""

from __future__ import annotations

from typing import Any

import pytest

from agent.rules.restart import restarts_after_exit, should_restart
from tests.support import tables
from tests.support.lifecycle import pod, run

POLICIES = ("Never", "OnFailure", "Always")


@tables.rows("restart_policy")
def test_the_policy_of_the_pod(row: dict[str, Any]) -> None:
    latest = None if row["state"] == "none" else run("web", row["state"])
    pods = [pod(restartPolicy=policy) for policy in POLICIES]

    decided = [should_restart(one, one.spec.containers[0], latest) for one in pods]

    assert decided == row["restart"]


@tables.rows("restart_policy")
@pytest.mark.parametrize("policy", POLICIES)
def test_a_deleted_pod_restarts_nothing(row: dict[str, Any], policy: str) -> None:
    latest = None if row["state"] == "none" else run("web", row["state"])
    deleted = pod(metadata={"deletionTimestamp": "2025-06-01T12:00:00Z"}, restartPolicy=policy)

    assert not should_restart(deleted, deleted.spec.containers[0], latest)


@tables.rows("restart_rules")
def test_the_policy_and_the_rules_of_the_container(row: dict[str, Any]) -> None:
    web = {
        "name": "web",
        "restartPolicy": row.get("container"),
        "restartPolicyRules": row.get("rules", []),
    }
    one = pod([web], restartPolicy=row["pod"])

    decided = {
        code: restarts_after_exit(one, one.spec.containers[0], code) for code in row["exits"]
    }

    assert decided == row["exits"]
