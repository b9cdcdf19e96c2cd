"""Container statuses show what the tests of Kubernetes expect."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.model.status import PodStatus
from agent.rules.container_status import container_statuses
from tests.support import tables
from tests.support.lifecycle import pod, run, state_words


@tables.rows("container_states")
def test_the_state_of_a_container(row: dict[str, Any]) -> None:
    kind = row.get("as", "regular")
    one = pod(
        ["it"] if kind == "regular" else ["other"],
        init=["it"] if kind == "init" else ["i"] if row.get("beside_init") else (),
        sidecars=["it"] if kind == "sidecar" else (),
        restartPolicy=row.get("policy", "Always"),
        metadata={"deletionTimestamp": "2025-06-01T12:00:00Z"} if row.get("deleted") else None,
    )
    field = "containerStatuses" if kind == "regular" else "initContainerStatuses"
    old = msgspec.convert(
        {field: [{"name": "it", **row["old"]}]} if "old" in row else {}, PodStatus
    )
    count = len(row["runs"])
    runs = [
        run("it", state, at=100 - index, restart_count=count - 1 - index)
        for index, state in enumerate(row["runs"])
    ]
    failures = {"it": ("test-error", "why")} if row.get("failed") else {}

    statuses = container_statuses(one, runs, old, failures)

    (status,) = (s for s in statuses.init + statuses.regular if s.name == "it")
    assert state_words(status.state) == row["state"]
    assert state_words(status.last_state) == row.get("last", "")
    assert status.restart_count == row.get("count", 0)
    if "message" in row:
        ended = status.state.terminated or status.last_state.terminated
        assert ended is not None
        assert ended.message == row["message"]
