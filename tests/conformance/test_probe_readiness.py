"""`started` and `ready` follow from the probes as in the kubelet."""

from __future__ import annotations

from typing import Any

from agent.model.runtime import ProbeResult
from agent.rules import probe_report
from tests.support import tables


@tables.rows("probe_readiness")
def test_a_container_is_started_and_ready(row: dict[str, Any]) -> None:
    startup, readiness = (
        ProbeResult(row[name]) if name in row else None for name in ("startup", "readiness")
    )
    has_readiness = "readiness" in row or row.get("has_readiness", False)

    started = probe_report.is_started(
        running=row["running"],
        has_probe="startup" in row or row.get("has_startup", False),
        result=startup,
    )
    ready = probe_report.is_ready(
        running=row["running"], started=started, has_probe=has_readiness, result=readiness
    )
    triggers = has_readiness and probe_report.wants_manual_run(
        running=row["running"], started=started, result=readiness
    )

    assert (started, ready, triggers) == (row["started"], row["ready"], row.get("triggers", False))
