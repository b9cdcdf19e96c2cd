"""Pods end at their deadline as the tests of Kubernetes expect."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agent.rules.deadline import Eviction, active_deadline, deadline
from tests.support import tables
from tests.support.lifecycle import NOW, pod


@tables.rows("active_deadline")
def test_a_pod_past_its_deadline_fails(row: dict[str, Any]) -> None:
    one = pod(activeDeadlineSeconds=row["deadline"])
    started = row.get("started", NOW - timedelta(seconds=60))

    eviction = active_deadline(one, started, NOW)

    expected = Eviction(
        "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"
    )
    assert eviction == (expected if row["fails"] else None)
    due = deadline(one, started)
    assert row["fails"] is (due is not None and due <= NOW)
