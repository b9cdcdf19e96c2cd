"""A pod that has ended says so of each of its containers."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.model.status import PodCondition
from agent.rules.terminated import terminate_pod
from tests.support import tables
from tests.support.lifecycle import pod, state_words, statuses

LOST = "Terminated 137 ContainerStatusUnknown"


@tables.rows("terminated_pod")
def test_what_did_not_end_in_sight_has_failed(row: dict[str, Any]) -> None:
    init, sidecars = row.get("init", {}), row.get("sidecars", {})
    one = pod(row["containers"], init=init, sidecars=sidecars)
    status = msgspec.structs.replace(
        one.status,
        phase=row["phase"],
        container_statuses=statuses(row["containers"]),
        init_container_statuses=statuses({**init, **sidecars}),
        conditions=(PodCondition(type="Ready", status="True"),),
    )
    one = msgspec.structs.replace(one, status=status)

    ended = terminate_pod(one, status, is_static=row.get("static", False))

    shown = {
        one.name: state_words(one.state)
        for one in ended.init_container_statuses + ended.container_statuses
    }
    assert shown == {
        name: LOST if words == "lost" else words for name, words in row["becomes"].items()
    }
    assert ended.phase == row["ends"]
    assert (ended.conditions[0].status == "False") is (row["ends"] != "Pending")
