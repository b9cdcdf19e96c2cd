"""When a pod needs a new sandbox."""

from __future__ import annotations

import pytest

from agent.model.runtime import Sandbox
from agent.rules.sandbox import SandboxVerdict, judge_sandbox
from tests.support.lifecycle import pod

NEW = Sandbox(sandbox_id="new", ip="10.0.0.2", attempt=1)
OLD = Sandbox(sandbox_id="old", ip="10.0.0.1", ready=False)


def verdict(*sandboxes: Sandbox, host_network: bool = False) -> SandboxVerdict:
    return judge_sandbox(pod(hostNetwork=host_network), sandboxes)


def test_the_first_sandbox_has_attempt_zero() -> None:
    assert verdict() == SandboxVerdict(changed=True, attempt=0, sandbox_id="")


def test_a_ready_sandbox_is_kept() -> None:
    assert verdict(NEW, OLD) == SandboxVerdict(changed=False, attempt=1, sandbox_id="new")


def test_a_dead_sandbox_is_replaced() -> None:
    assert verdict(OLD) == SandboxVerdict(changed=True, attempt=1, sandbox_id="old")


def test_two_ready_sandboxes_are_one_too_many() -> None:
    ready = Sandbox(sandbox_id="old", ip="10.0.0.1")

    assert verdict(NEW, ready) == SandboxVerdict(changed=True, attempt=2, sandbox_id="new")


def test_a_sandbox_without_an_address_is_replaced() -> None:
    bare = Sandbox(sandbox_id="bare")

    assert verdict(bare).changed
    assert not verdict(bare, host_network=True).changed


@pytest.mark.parametrize(
    ("made_for", "wanted", "changed"),
    [(True, True, False), (False, False, False), (True, False, True), (False, True, True)],
)
def test_a_sandbox_of_the_wrong_network_is_replaced(
    made_for: bool, wanted: bool, changed: bool
) -> None:
    sandbox = Sandbox(sandbox_id="it", ip="10.0.0.1", host_network=made_for)

    judged = verdict(sandbox, host_network=wanted)

    assert judged.changed is changed
    assert judged.sandbox_id == ("" if changed else "it")
