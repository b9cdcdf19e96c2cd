"""A run of results changes the belief as the tests of the kubelet say."""

from __future__ import annotations

from typing import Any

from agent.model.handler import Probe
from agent.model.runtime import Outcome, ProbeKind
from agent.rules.probe import Gate, ProbeFacts, ProbeState, gate, observe
from tests.support import tables

OUTCOMES = {
    "S": Outcome.SUCCESS,
    "W": Outcome.WARNING,
    "F": Outcome.FAILURE,
    "E": Outcome.ERROR,
}


@tables.rows("probe_thresholds")
def test_results_are_counted(row: dict[str, Any]) -> None:
    kind = ProbeKind(row["kind"])
    spec = Probe(success_threshold=row.get("success", 1), failure_threshold=row["failure"])
    facts = ProbeFacts(container_id="c1", running=True, started=kind is not ProbeKind.STARTUP)
    verdict, state = gate(ProbeState(kind), facts, ran_for=100, initial_delay=0)
    published = []

    for letter in row["outcomes"].split():
        state = observe(state, OUTCOMES[letter], spec)
        published.append(state.result and state.result.value)

    assert verdict is Gate.PROBE
    assert published == row["published"].split()
    assert state.result_run == row.get("run", state.result_run)
    assert state.on_hold is row.get("hold", False)
