"""Runs that end together share their looks at the processes, and none is told too much."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from agent.host import descendants, marks
from agent.host.containment import Lasting, RunBoundary
from agent.host.limits import Limits
from agent.host.process import Child
from tests.support.children import DOUBLE_FORK, ESCAPEE, Host, running_host, runs, until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

FEW, MANY = 5, 20
OWN_OR_ADOPTED = pytest.mark.parametrize("adopted", [False, True], ids=["own", "adopted"])


@asynccontextmanager
async def lasting_host() -> AsyncIterator[Host]:
    """One whose fences can be adopted."""
    async with running_host("subreaper", lasting=Lasting()) as host:
        yield host


async def ended(host: Host, script: str, count: int, *, adopted: bool) -> list[RunBoundary]:
    """So many runs whose mains have all ended, before any of them was asked about."""
    fences = [host.boundary(f"c{number}") for number in range(count)]
    mains = [await host.shell(script, fence) for fence in fences]
    for main in mains:
        await main.wait()
    if adopted:
        fences = [readopted(host, fence, main) for fence, main in zip(fences, mains, strict=True)]
    for fence, main in zip(fences, mains, strict=True):
        fence.main_ended(main.pid)
    return fences


def readopted(host: Host, fence: RunBoundary, main: Child) -> RunBoundary:
    """The fence as the next agent would have it."""
    fence.close()
    again = host.containment.adopt("c", fence.mark, "", Limits())
    again.joined(main.pid)
    return again


async def end(fence: RunBoundary) -> None:
    """What an end does when nothing is left, or when it is to go at once."""
    await fence.anybody()
    assert await fence.kill() == frozenset()
    fence.close()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often somebody looked since the last time this was asked: at all, or at all below us."""
    count = 0
    everyone, me = descendants.everyone, os.getpid()
    children = descendants.children_of_leader

    def counting_everyone() -> list[int]:
        nonlocal count
        count += 1
        return everyone()

    def counting_children(pid: int) -> list[int]:
        nonlocal count
        count += pid == me
        return children(pid)

    def since() -> int:
        nonlocal count
        seen, count = count, 0
        return seen

    monkeypatch.setattr(descendants, "everyone", counting_everyone)
    monkeypatch.setattr(descendants, "children_of_leader", counting_children)
    return since


@OWN_OR_ADOPTED
async def test_ends_at_the_same_time_are_told_by_the_same_look(
    looks: Callable[[], int], adopted: bool
) -> None:
    seen = []
    async with lasting_host() as host:
        for count in (FEW, MANY):
            fences = await ended(host, "exit 0", count, adopted=adopted)
            await until(lambda: len(host.containment.reaper.orphans()) == 0)
            looks()

            for fence in fences:
                await end(fence)

            seen.append(looks())

    few, many = seen
    assert 0 < many < MANY
    assert many - few < MANY - FEW


@OWN_OR_ADOPTED
async def test_what_many_left_behind_is_ended_by_few_looks(
    looks: Callable[[], int], adopted: bool
) -> None:
    async with lasting_host() as host:
        fences = await ended(host, f"{ESCAPEE}; {DOUBLE_FORK}; exit 0", MANY, adopted=adopted)
        await until(lambda: all(len(fence.pids()) == 2 for fence in fences))
        left = {pid for fence in fences for pid in fence.pids()}
        looks()

        async with asyncio.TaskGroup() as group:
            for fence in fences:
                group.create_task(end(fence))

        assert not any(map(runs, left))
        assert looks() < MANY * 2


@OWN_OR_ADOPTED
async def test_a_look_before_the_end_of_a_main_tells_nothing_about_what_it_left(
    adopted: bool,
) -> None:
    async with lasting_host() as host:
        (early,) = await ended(host, "exit 0", 1, adopted=adopted)
        late = host.boundary("late")
        main = await host.shell(f"{ESCAPEE}; exit 0", late)
        assert not await early.anybody()

        await main.wait()
        if adopted:
            late = readopted(host, late, main)
        late.main_ended(main.pid)

        assert await late.anybody()
        await end(late)
        assert not late.pids()


async def test_a_command_that_was_started_after_a_look_is_found() -> None:
    async with lasting_host() as host:
        first, second = await ended(host, "exit 0", 2, adopted=False)
        assert not await first.anybody()

        await host.shell("exec sleep 1000", second)

        assert await second.anybody()
        await end(second)
        assert not second.pids()


@OWN_OR_ADOPTED
async def test_a_look_at_a_process_that_is_another_by_now_hits_nobody(
    adopted: bool,
) -> None:
    async with lasting_host() as host:
        innocent_fence = host.boundary("innocent")
        innocent = await host.shell("exec sleep 1000", innocent_fence)
        (second,) = await ended(host, "exit 0", 1, adopted=adopted)
        looked_at = host.containment._roll if adopted else host.containment.reaper.below
        sight = looked_at.after(looked_at.now)
        sight.add(innocent.pid, second.mark)  # its pid was that of another then

        assert not await second.anybody()
        await end(second)

        assert runs(innocent.pid)
        assert marks.same_run(marks.read_mark(innocent.pid), innocent_fence.mark)
