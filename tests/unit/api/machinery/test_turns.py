"""Requests take turns, so that what else is due never waits for more than one of them."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from agent.api.machinery.turns import LEFT_TO_OTHERS, Turns
from tests.support.world import PODS, manifest, world

pytestmark = pytest.mark.asyncio


class Passes:
    """Counts the turns of the loop."""

    def __init__(self) -> None:
        self.count = 0
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_soon(self._pass)

    def _pass(self) -> None:
        self.count += 1
        self._handle = self._loop.call_soon(self._pass)

    def close(self) -> None:
        self._handle.cancel()


async def test_who_comes_alone_does_not_wait() -> None:
    turns, passes = Turns(), Passes()
    await turns.take()
    assert passes.count == 0
    passes.close()


async def test_many_have_their_turns_in_order_and_leave_some_to_others() -> None:
    turns, passes = Turns(), Passes()
    had: list[tuple[int, int]] = []

    async def ask(number: int) -> None:
        await turns.take()
        had.append((number, passes.count))

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(ask(number))
    passes.close()

    assert [number for number, _ in had] == [0, 1, 2, 3, 4]
    counts = [count for _, count in had]
    assert all(after - before > LEFT_TO_OTHERS for before, after in pairwise(counts))


async def test_who_gives_up_holds_up_nobody() -> None:
    turns = Turns()
    await turns.take()
    given_up, next_one = (asyncio.create_task(turns.take()) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    await next_one
    for _ in range(LEFT_TO_OTHERS + 1):
        await asyncio.sleep(0)

    passes = Passes()
    await turns.take()
    assert passes.count == 0
    passes.close()


async def test_lists_that_are_asked_for_at_once_leave_turns_to_others() -> None:
    async with world() as w:
        for number in range(150):
            await w.ask("POST", PODS, manifest(f"p{number}"))
        passes = Passes()

        async def ask() -> int:
            await w.answer("GET", PODS)
            return passes.count

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask()) for _ in range(5)]
        passes.close()

    ended = [task.result() for task in tasks]
    assert len(set(ended)) == 5
    assert max(ended) > 9 * LEFT_TO_OTHERS  # two parts each, and others between any two of them
