"""Containers of a pod end in the order that Kubernetes promises."""

from __future__ import annotations

from typing import Any

from agent.model.pod import Pod
from agent.rules.grace import GraceBudget
from agent.rules.order import has_order, waits_for
from tests.support import tables
from tests.support.lifecycle import pod


@tables.rows("termination_order")
def test_sidecars_wait_for_their_turn(row: dict[str, Any]) -> None:
    ending = pod(row["containers"], init=row.get("init", ()), sidecars=row.get("sidecars", ()))
    names = [c.name for c in ending.spec.init_containers + ending.spec.containers]
    running = row.get("running", names)

    for name, others in row.get("waits", {}).items():
        assert waits_for(ending, name, running) == set(others)
    assert has_order(ending) is bool(row.get("sidecars"))
    assert _waited(ending, row) == row.get("seconds", {})


def _waited(ending: Pod, row: dict[str, Any]) -> dict[str, int]:
    """Let the pod end, last sidecars first, and note how long each one waited."""
    asked: dict[str, int] = row.get("seconds", {})
    takes: dict[str, float] = row.get("takes", {})
    grace: int = row.get("grace", 30)
    ended_at: dict[str, float] = {}
    waited: dict[str, int] = {}
    for name in reversed([c.name for c in ending.spec.init_containers + ending.spec.containers]):
        if name not in asked:
            continue
        turn = max((ended_at[other] for other in waits_for(ending, name, asked)), default=0.0)
        budget = GraceBudget(grace).after(min(turn, grace))
        waited[name] = grace - budget.remaining
        ended_at[name] = min(turn, grace) + min(takes.get(name, 1.0), budget.stop_timeout)
    return waited
