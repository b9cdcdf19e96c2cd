"""A probe worker probes, skips or stops as the kubelet's does."""

from __future__ import annotations

from typing import Any

from agent.model.runtime import ProbeKind, ProbeResult
from agent.rules.probe import Gate, ProbeFacts, ProbeState, gate
from tests.support import tables

RUNNING = {"container_id": "c1", "running": True, "started": True}
FIRST = {"Liveness": "Success", "Readiness": "Failure", "Startup": "Unknown"}


@tables.rows("probe_gate")
def test_a_worker_decides(row: dict[str, Any]) -> None:
    kind = row.get("kind", "Liveness")
    was = ProbeResult(row.get("was", FIRST[kind]))
    before = ProbeState(ProbeKind(kind), was, on_hold=row.get("hold", False), container_id="c1")
    facts = ProbeFacts(**(RUNNING | row.get("facts", {})))

    verdict, after = gate(
        before, facts, ran_for=row.get("ran_for", 100), initial_delay=row.get("delay", 0)
    )

    assert verdict is Gate(row["verdict"])
    assert after.result is (was if row["becomes"] == "unchanged" else ProbeResult(row["becomes"]))
