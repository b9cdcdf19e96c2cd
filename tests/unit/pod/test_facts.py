"""The record of what happened to a pod's containers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.model.runtime import RunState
from agent.pod.facts import Ended, PodFacts
from tests.support.builders import pod
from tests.support.lifecycle import DEAD_SANDBOX, READY_SANDBOX, run
from tests.support.node import FakeInstance, Node
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio

_END = Ended(exit_code=3, finished_at=datetime(2025, 6, 1, tzinfo=UTC), reason="Error", message="m")


class Listener:
    """Counts what facts report."""

    def __init__(self, facts: PodFacts) -> None:
        self.changed = self.shown = 0
        facts.changed = self._changed
        facts.shown = self._shown

    def _changed(self) -> None:
        self.changed += 1

    def _shown(self) -> None:
        self.shown += 1


def instance(name: str, container_id: str) -> FakeInstance:
    return FakeInstance(Node(pod()), name, container_id, None, 0)


async def test_the_current_and_one_dead_run_are_remembered() -> None:
    facts = PodFacts(clock=VirtualClock())
    for number in range(4):
        facts.began(run("c", "exited 1", at=number), None)

    assert [one.container_id for one in facts.runs["c"]] == ["c-3", "c-2"]
    assert facts.newest("c") == facts.runs["c"][0]
    assert facts.newest("other") is None
    assert set(facts.ended_at) == {"c-3", "c-2"}


async def test_the_end_of_a_run_is_told_and_ends_its_life() -> None:
    facts = PodFacts(clock=VirtualClock())
    listener = Listener(facts)
    facts.began(run("c", "running"), instance("c", "c-10"))
    before = listener.changed

    facts.finished("c", "c-10", _END)

    newest = facts.newest("c")
    assert newest is not None
    assert (newest.state, newest.exit_code, newest.message) == (RunState.EXITED, 3, "m")
    assert facts.live == {}
    assert listener.changed == before + 1
    await facts.wait_gone("c-10")
    await facts.wait_gone("never heard of")


async def test_the_end_of_an_old_run_leaves_the_new_one_alone() -> None:
    facts = PodFacts(clock=VirtualClock())
    facts.began(run("c", "running", at=1), instance("c", "c-1"))
    facts.began(run("c", "running", at=2), instance("c", "c-2"))

    facts.finished("c", "c-1", _END)

    assert facts.live["c"].container_id == "c-2"
    newest = facts.newest("c")
    assert newest is not None
    assert newest.state is RunState.RUNNING


async def test_a_run_is_invisible_until_its_hook_has_returned() -> None:
    facts = PodFacts(clock=VirtualClock())
    facts.began(run("c", "running"), instance("c", "c-10"), hidden=True)

    assert facts.visible_runs() == []
    assert len(facts.all_runs()) == 1

    facts.reveal(run("c", "running"))

    assert facts.visible_runs() == facts.all_runs()


async def test_restart_counts_go_up_from_zero() -> None:
    facts = PodFacts(clock=VirtualClock())

    assert facts.next_restart_count("c") == 0
    facts.began(run("c", "exited 1", restart_count=4), None)
    assert facts.next_restart_count("c") == 5


async def test_the_last_exit_is_that_of_the_newest_ended_run() -> None:
    clock = VirtualClock()
    facts = PodFacts(clock=clock)
    await clock.sleep(5)
    facts.began(run("c", "exited 1", at=1), None)
    await clock.sleep(5)
    facts.began(run("c", "exited 1", at=2), None)

    assert facts.last_exits() == {"c": 10}


async def test_a_failure_to_start_is_shown_once_and_forgotten_when_it_works() -> None:
    facts = PodFacts(clock=VirtualClock())
    listener = Listener(facts)

    facts.failed_to_start("c", "ErrImagePull", "why")
    facts.failed_to_start("c", "ErrImagePull", "why")
    assert (listener.shown, listener.changed) == (1, 0)

    facts.start_succeeded("c")
    assert facts.start_failures == {}


async def test_the_sandbox_of_a_pod_that_ended_is_not_ready() -> None:
    facts = PodFacts(clock=VirtualClock())
    facts.new_sandbox(READY_SANDBOX, ())

    facts.end_sandbox()

    assert facts.sandboxes == (DEAD_SANDBOX,)


async def test_a_run_that_is_to_come_back_is_marked_and_only_the_newest() -> None:
    facts = PodFacts(clock=VirtualClock())
    facts.began(run("c", "exited 0"), None)
    facts.began(run("c", "running", at=20.0), instance("c", "c-20"))

    facts.will_come_back("c")

    assert [one.comes_back for one in facts.all_runs()] == [True, False]
