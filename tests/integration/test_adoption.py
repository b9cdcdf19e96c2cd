"""Fences outlive their agent: the next one finds everything in them again, and ends the rest."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.host import cgroup_files, marks
from agent.host.containment import Lasting
from agent.host.descendants import everyone
from agent.host.limits import Limits
from tests.support.children import ESCAPEE, Mode, running_host, runs, until
from tests.support.needs import missing

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

BOTH = pytest.mark.parametrize("mode", ["cgroup", "subreaper"])

#: An agent with three runs: `kept`, `stray` and `ended`, whose main is gone but left something.
#: What it keeps for the next one is printed, then it waits to be killed.
FIRST = """
import asyncio, json, subprocess, sys, msgspec
from agent.host import event_loop
from agent.host.cgroup_files import read
from agent.host.containment import Lasting
from tests.support.children import *

def sleeping(boundary):
    names = {read(f"/proc/{pid}/comm") for pid in boundary.pids()}
    return len(boundary.pids()) if names == {"sleep\\n"} else 0

async def main():
    lasting = msgspec.json.decode(sys.argv[2], type=Lasting)
    async with running_host(sys.argv[1], die_with_agent=False, lasting=lasting) as host:
        kept, stray, ended = map(host.boundary, ("kept", "stray", "ended"))
        main = await host.shell(f"{ESCAPEE}; {DOUBLE_FORK}; exec sleep 1000", kept)
        other = await host.shell("exec sleep 1000", stray)
        await (await host.shell(f"{ESCAPEE}; {DOUBLE_FORK}; exit 0", ended)).wait()
        await until(lambda: [*map(sleeping, (kept, stray, ended))] == [3, 1, 2])
        keeper = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL)
        print(json.dumps({
            "lasting": msgspec.to_builtins(host.containment.lasting),
            "main": main.pid, "mark": kept.mark, "cgroup": kept.cgroup, "keeper": keeper.pid,
            "kept": sorted(kept.pids()), "strange": sorted(stray.pids() | ended.pids()),
        }), flush=True)
        await asyncio.sleep(1000)

event_loop.run(main())
"""


class Left:
    """What an agent left that was killed."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.lasting = msgspec.convert(said["lasting"], Lasting)
        self.main: int = said["main"]
        self.mark: int = said["mark"]
        self.cgroup: str = said["cgroup"]
        self.keeper: int = said["keeper"]
        self.kept = frozenset(said["kept"])
        self.strange = frozenset(said["strange"])

    @property
    def everything(self) -> list[int]:
        """All living processes under the agent's mark, found without the code under test."""
        return [
            pid
            for pid in everyone()
            if marks.same_agent(marks.read_mark(pid), self.lasting.agent_mark) and runs(pid)
        ]


@asynccontextmanager
async def killed_agent(mode: Mode, lasting: Lasting | None = None) -> AsyncIterator[Left]:
    """Let an agent start something and kill it; in the end nothing of it is left."""
    agent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        FIRST,
        mode,
        msgspec.json.encode(lasting or Lasting()).decode(),
        stdout=asyncio.subprocess.PIPE,
    )
    assert agent.stdout is not None
    line = await agent.stdout.readline()
    if line:
        agent.kill()
    await agent.wait()
    if not line:
        missing(f"no {mode} containment here; cgroup v2 must be writable (root)")
    left = Left(json.loads(line))
    try:
        yield left
    finally:
        os.kill(left.keeper, signal.SIGKILL)
        while pids := left.everything:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)
        if left.lasting.cgroup_path:
            await until(lambda: cgroup_files.remove(left.lasting.cgroup_path))


@BOTH
async def test_an_adopted_fence_holds_what_it_held_and_ends_it(mode: Mode) -> None:
    async with killed_agent(mode) as left, running_host(mode, lasting=left.lasting) as host:
        boundary = host.containment.adopt("kept", left.mark, left.cgroup, Limits())
        assert boundary.pids() == left.kept
        assert (boundary.mark, boundary.cgroup) == (left.mark, left.cgroup)

        assert await boundary.kill() == frozenset()

        assert not any(map(runs, left.kept))
        assert all(map(runs, left.strange))
        boundary.close()
        assert not left.cgroup or not Path(left.cgroup).exists()


@BOTH
async def test_strangers_are_ended_and_nobody_else(mode: Mode) -> None:
    async with killed_agent(mode) as left, running_host(mode, lasting=left.lasting) as host:
        boundary = host.containment.adopt("kept", left.mark, left.cgroup, Limits())
        fresh = host.boundary("fresh")
        child = await host.shell("exec sleep 1000", fresh)

        ended = await host.containment.end_strangers()

        assert {stranger.pid for stranger in ended} == left.strange
        assert {stranger.name for stranger in ended} == {"sleep"}
        assert not any(map(runs, left.strange))
        assert boundary.pids() == left.kept
        assert fresh.pids() == {child.pid}
        assert runs(left.keeper)
        assert host.spawner.helper_pid is not None
        assert runs(host.spawner.helper_pid)
        if mode == "cgroup":
            names = {path.name for path in Path(host.containment.cgroup_path).iterdir()}
            assert {"kept", "fresh"} == {name for name in names if "." not in name}
        assert await host.containment.end_strangers() == ()


@BOTH
async def test_the_next_agent_goes_on_where_the_last_one_was(mode: Mode) -> None:
    async with killed_agent(mode) as left, running_host(mode, lasting=left.lasting) as host:
        lasting = host.containment.lasting
        used = host.containment.adopt("kept", left.mark, left.cgroup, Limits()).mark

        fresh = [host.boundary(f"c{number}").mark for number in range(3)]

        assert lasting == left.lasting
        assert lasting.next_run == 3
        assert len({used, *fresh}) == 4
        numbers = [marks.run_number(mark) for mark in fresh]
        assert numbers == [3, 4, 5]
        assert all(marks.same_agent(mark, used) for mark in fresh)


@BOTH
async def test_numbers_that_are_taken_are_passed_over_even_if_the_record_is_old(
    mode: Mode,
) -> None:
    async with killed_agent(mode) as left:
        old = msgspec.structs.replace(left.lasting, next_run=0)
        async with running_host(mode, lasting=old) as host:
            host.containment.adopt("kept", left.mark, left.cgroup, Limits())
            await host.containment.end_strangers()

            assert marks.run_number(host.boundary("fresh").mark) == 3


@BOTH
async def test_what_is_started_in_an_adopted_fence_belongs_to_it(mode: Mode) -> None:
    async with killed_agent(mode) as left, running_host(mode, lasting=left.lasting) as host:
        boundary = host.containment.adopt("kept", left.mark, left.cgroup, Limits())

        child = await host.shell(f"{ESCAPEE}; exec sleep 1000", boundary)
        await until(lambda: len(boundary.pids()) == len(left.kept) + 2)

        assert marks.read_mark(child.pid) != marks.read_mark(left.main)
        await boundary.kill()
        assert (await child.wait()).signal == signal.SIGKILL
        assert not boundary.pids()


@BOTH
async def test_without_its_cgroup_a_run_is_known_by_its_mark(mode: Mode) -> None:
    async with killed_agent(mode) as left, running_host(mode, lasting=left.lasting) as host:
        wrong = left.cgroup.replace("kept", "stray")
        boundary = host.containment.adopt("kept", left.mark, wrong, Limits())

        assert boundary.cgroup == ""
        assert boundary.pids() == left.kept
        assert await boundary.kill() == frozenset()
        assert not any(map(runs, left.kept))
        assert all(map(runs, left.strange))


@BOTH
async def test_an_agent_that_detaches_leaves_everything(mode: Mode) -> None:
    async with killed_agent(mode) as left:
        async with running_host(mode, lasting=left.lasting) as host:
            boundary = host.containment.adopt("kept", left.mark, left.cgroup, Limits())
            await host.containment.end_strangers()
            await host.containment.close(detach=True)
            lasting = host.containment.lasting
            assert boundary.cgroup == ""

            async with running_host(mode, lasting=lasting) as third:
                again = third.containment.adopt("kept", left.mark, left.cgroup, Limits())
                assert again.pids() == left.kept
                assert third.containment.lasting == lasting


@BOTH
async def test_several_agents_were_killed_one_after_another(mode: Mode) -> None:
    async with killed_agent(mode) as first:
        async with killed_agent(mode, first.lasting) as second:
            assert second.lasting.agent_mark == first.lasting.agent_mark
            assert second.lasting.cgroup_path == first.lasting.cgroup_path
            async with running_host(mode, lasting=second.lasting) as host:
                kept = host.containment.adopt("kept", first.mark, first.cgroup, Limits())

                ended = await host.containment.end_strangers()

                assert {one.pid for one in ended} == first.strange | second.strange | second.kept
                assert kept.pids() == first.kept


@BOTH
async def test_the_end_of_containment_ends_adopted_runs_too(mode: Mode) -> None:
    async with killed_agent(mode) as left:
        async with running_host(mode, lasting=left.lasting) as host:
            host.containment.adopt("kept", left.mark, left.cgroup, Limits())

        assert left.everything == []
        assert not left.lasting.cgroup_path or not Path(left.lasting.cgroup_path).exists()


async def test_fences_lie_where_they_are_wanted_with_the_helper_beside_them() -> None:
    async with killed_agent("cgroup") as left:
        base = Path(left.lasting.cgroup_path).parent / f"barepod.test.{os.getpid()}"
        base.mkdir()
        try:
            async with running_host("cgroup", lasting=Lasting(), base=str(base)) as host:
                assert Path(host.containment.cgroup_path).parent == base
                helper = Path(f"/proc/{host.spawner.helper_pid}/cgroup").read_text()
                assert f"/{base.name}/barepod-agent\n" in helper
                assert f"/{base.name}/" not in Path("/proc/self/cgroup").read_text()
        finally:
            assert cgroup_files.remove(str(base))


async def test_fences_that_are_alive_are_used_wherever_they_are() -> None:
    async with killed_agent("cgroup") as left:
        base = Path(left.lasting.cgroup_path).parent / f"barepod.test.{os.getpid()}"
        base.mkdir()
        try:
            async with running_host("cgroup", lasting=left.lasting, base=str(base)) as host:
                assert host.containment.cgroup_path == left.lasting.cgroup_path
                await host.containment.end_strangers()

            async with running_host("cgroup", lasting=left.lasting, base=str(base)) as host:
                assert Path(host.containment.cgroup_path).parent == base
        finally:
            assert cgroup_files.remove(str(base))
