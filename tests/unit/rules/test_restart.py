"""Restarts: what the conformance tables leave open."""

from __future__ import annotations

from typing import Any

import pytest

from agent.rules.restart import (
    is_sidecar,
    may_ever_restart,
    restarts_after_exit,
    restarts_after_kill,
    should_restart,
)
from tests.support.lifecycle import pod, run

RULES = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [7]}}]


@pytest.mark.parametrize(
    ("pod_policy", "fields", "killed", "ever"),
    [
        ("Always", {}, True, True),
        ("Never", {}, False, False),
        ("Never", {"restartPolicy": "OnFailure"}, True, True),
        ("Always", {"restartPolicy": "Never"}, False, False),
        ("Always", {"restartPolicy": "Never", "restartPolicyRules": RULES}, False, True),
    ],
)
def test_a_kill_has_no_exit_code_for_a_rule(
    pod_policy: str, fields: dict[str, Any], killed: bool, ever: bool
) -> None:
    one = pod([{"name": "web", **fields}], restartPolicy=pod_policy)
    (web,) = one.spec.containers

    assert restarts_after_kill(one, web) is killed
    assert may_ever_restart(one, web) is ever


def test_without_the_gate_only_the_pods_policy_counts() -> None:
    one = pod(
        [{"name": "web", "restartPolicy": "Never", "restartPolicyRules": RULES}],
        restartPolicy="OnFailure",
    )
    (web,) = one.spec.containers

    assert restarts_after_exit(one, web, 1, features=())
    assert not restarts_after_exit(one, web, 0, features=())
    assert restarts_after_kill(one, web, features=())
    assert may_ever_restart(one, web, features=())


def test_only_always_makes_a_sidecar() -> None:
    one = pod(init=["i", {"name": "j", "restartPolicy": "OnFailure"}], sidecars=["s"])

    assert [is_sidecar(c) for c in one.spec.init_containers] == [False, False, True]


def test_what_was_killed_in_order_to_come_back_does_so_whatever_its_exit_code() -> None:
    one = pod(restartPolicy="OnFailure")
    (web,) = one.spec.containers
    killed = run("web", "exited 0", comes_back=True)
    deleted = pod(restartPolicy="OnFailure", metadata={"deletionTimestamp": "2025-06-01T12:00:00Z"})

    assert should_restart(one, web, killed)
    assert not should_restart(one, web, run("web", "exited 0"))
    assert not should_restart(deleted, web, killed)
