"""Runs are counted by one look at the machine, and a look is good for a second."""

from __future__ import annotations

import os

import pytest

from agent.host import marks
from agent.host.limits import Limits
from agent.host.process import Command
from agent.host.roll import Roll
from tests.support.children import running_host
from tests.support.virtual_loop import VirtualClock

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_who_bears_the_mark_of_a_run_is_a_member_of_it() -> None:
    async with running_host("subreaper") as host:
        runs = [host.containment.create(name, Limits()) for name in ("one", "two")]
        command = Command(argv=("sleep", "1000"), env=dict(os.environ))
        mains = [await host.spawner.spawn(command, run) for run in runs]
        roll = Roll(host.containment.reaper.agent_mark, host.clock)
        members = [roll.members(run.mark) for run in runs]

        for main, found, run in zip(mains, members, runs, strict=True):
            assert found == run.counted() == {main.pid}
        assert roll.members(marks.run_mark(roll._agent_mark, 4711)) == frozenset()
        for run in runs:
            await run.kill()
            run.close()


async def test_a_look_is_good_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    def bearers(_: object) -> list[tuple[int, int]]:
        nonlocal looks
        looks += 1
        return [(looks, marks.run_mark(agent, 1))]

    agent, clock = marks.new_agent_mark(), VirtualClock()
    monkeypatch.setattr(marks, "bearers", bearers)
    moment = 0.0
    monkeypatch.setattr(clock, "monotonic", lambda: moment)
    roll = Roll(agent, clock)

    assert roll.members(marks.run_mark(agent, 1)) == {1}
    moment = 1.0
    assert roll.members(marks.run_mark(agent, 1)) == {1}
    moment = 1.1
    assert roll.members(marks.run_mark(agent, 1)) == {2}
