"""Grace periods behave as the tests of Kubernetes say."""

from __future__ import annotations

from typing import Any

from agent.model.runtime import KillReason
from agent.rules.grace import (
    GraceBudget,
    container_grace_period,
    effective_grace_period,
)
from tests.support import tables
from tests.support.lifecycle import PROBE, pod


@tables.rows("grace_of_pod")
def test_the_grace_period_of_a_pod(row: dict[str, Any]) -> None:
    terminating = pod(
        metadata={"deletionGracePeriodSeconds": row.get("deletion")},
        terminationGracePeriodSeconds=row.get("spec"),
    )

    grace = effective_grace_period(terminating, row.get("previous", 0), row.get("override"))

    assert grace.seconds == row["effective"]
    assert grace.shortened is row.get("shortened", False)


@tables.rows("grace_of_container")
def test_the_grace_period_of_a_kill(row: dict[str, Any]) -> None:
    web = {
        "name": "web",
        "livenessProbe": {**PROBE, "terminationGracePeriodSeconds": row.get("liveness")},
        "startupProbe": {**PROBE, "terminationGracePeriodSeconds": row.get("startup")},
    }
    killed = pod(
        [web],
        metadata={"deletionGracePeriodSeconds": row.get("deletion")},
        terminationGracePeriodSeconds=row.get("pod"),
    )

    grace = container_grace_period(killed, killed.spec.containers[0], KillReason(row["reason"]))

    assert grace == row["grace"]


@tables.rows("grace_budget")
def test_one_budget_pays_for_everything(row: dict[str, Any]) -> None:
    budget = GraceBudget(row["grace"])
    for elapsed in row["steps"]:
        budget = budget.after(elapsed)

    assert budget.stop_timeout == row["stop"]
    assert budget.exhausted is row.get("exhausted", budget.remaining <= 0)
