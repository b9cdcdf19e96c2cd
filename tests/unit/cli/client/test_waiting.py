"""What `--for` means."""

from __future__ import annotations

from typing import Any

import pytest

from agent.cli.client.errors import ClientError
from agent.cli.client.waiting import goal_of

_READY: Any = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}


@pytest.mark.parametrize(
    ("goal", "state", "holds"),
    [
        ("condition=Ready", _READY, True),
        ("condition=ready", _READY, True),
        ("condition=Ready=True", _READY, True),
        ("condition=Ready=False", _READY, False),
        ("condition=Other", _READY, False),
        ("condition=Ready", {"status": {}}, False),
        ("delete", _READY, False),
        ("delete", None, True),
        ("create", _READY, True),
        ("create", None, False),
        ("jsonpath={.status.phase}=Running", _READY, True),
        ("jsonpath={.status.phase}=Failed", _READY, False),
        ("jsonpath={.status.phase}", _READY, True),
        ("jsonpath={.status.nope}", _READY, False),
        ("jsonpath=.status.phase=Running", _READY, True),
        ('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', _READY, True),
    ],
)
def test_goals(goal: str, state: Any, holds: bool) -> None:
    assert goal_of(goal)(state) is holds


@pytest.mark.parametrize("goal", ["", "nope", "jsonpath={.a}=", "jsonpath={.a}x"])
def test_what_is_no_goal(goal: str) -> None:
    with pytest.raises(ClientError):
        goal_of(goal)
