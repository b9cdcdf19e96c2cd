"""Each execution of a probe is reported as the kubelet reports it."""

from __future__ import annotations

from typing import Any

from agent.model.runtime import Outcome, ProbeKind
from agent.rules import probe_report
from tests.support import tables


@tables.rows("probe_events")
def test_an_execution_is_reported(row: dict[str, Any]) -> None:
    outcome = Outcome(row["outcome"])

    event = probe_report.probe_event(ProbeKind.READINESS, outcome, row["output"])
    metric = probe_report.probe_metric(outcome)

    if "reason" in row:
        assert event is not None
        assert (event.type, event.reason, event.message) == (
            "Warning",
            row["reason"],
            row["message"],
        )
    else:
        assert event is None
    if "metric" in row:
        assert metric == probe_report.ProbeMetric(row["metric"], is_timed=row["timed"])
    else:
        assert metric is None
