"""The phase of a pod is what the tests of Kubernetes expect."""

from __future__ import annotations

from typing import Any

from agent.rules.phase import pod_phase
from tests.support import tables
from tests.support.lifecycle import pod, statuses


@tables.rows("phase")
def test_the_phase_of_a_pod(row: dict[str, Any]) -> None:
    one = pod(
        ["A", "B"],
        init=["X"] if "init" in row else (),
        sidecars=["X"] if "sidecar" in row else (),
        restartPolicy=row["policy"],
    )
    word = row.get("init") or row.get("sidecar") or "none"

    phase = pod_phase(
        one,
        statuses({} if word == "none" else {"X": word}),
        statuses({name: row[name] for name in ("A", "B") if name in row}),
        is_terminal=row.get("term", False),
        has_initialized=row.get("begun", False),
        is_static=row.get("static", False),
    )

    assert phase == row["phase"]
