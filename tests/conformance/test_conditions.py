"""The conditions of a pod are what the tests of Kubernetes expect."""

from __future__ import annotations

from typing import Any

from agent.model.status import PodCondition
from agent.rules import conditions
from tests.support import tables
from tests.support.lifecycle import pod, statuses


@tables.rows("containers_ready")
def test_ready_and_containers_ready(row: dict[str, Any]) -> None:
    gates: dict[str, str | None] = row.get("gates", {})
    one = pod(
        row["containers"],
        sidecars=row.get("sidecars", ()),
        readinessGates=[{"conditionType": gate} for gate in gates],
    )
    known = statuses(row["statuses"]) if "statuses" in row else None
    phase = row.get("phase", "Running")
    met = [PodCondition(type=gate, status=word) for gate, word in gates.items() if word]

    containers_ready = conditions.containers_ready(one, known, phase)
    ready = conditions.ready(one, known, phase, met)

    assert described(containers_ready) == (
        row.get("ready", False),
        row.get("reason", ""),
        "" if "gate_reason" in row else row.get("message", ""),
    )
    if "gate_reason" in row:
        assert described(ready) == (False, row["gate_reason"], row["message"])
    else:
        assert described(ready) == described(containers_ready)


@tables.rows("initialized")
def test_initialized(row: dict[str, Any]) -> None:
    one = pod(["main"], init=row.get("init", ()), sidecars=row.get("sidecars", ()))
    known = statuses(row["statuses"]) if "statuses" in row else None

    initialized = conditions.initialized(one, known, row.get("phase", "Running"))

    assert described(initialized) == (
        row.get("ready", False),
        row.get("reason", ""),
        row.get("message", ""),
    )


def described(condition: PodCondition) -> tuple[bool, str, str]:
    return condition.status == "True", condition.reason, condition.message
