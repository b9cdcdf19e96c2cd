"""A hundred who want to work at once do so one after the other, and leave turns to others."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from agent.host.turns import Turns

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


async def test_who_is_alone_does_not_wait() -> None:
    with pytest.raises(StopIteration):
        Turns().take().send(None)


@pytest.mark.parametrize("left", [0, 4])
async def test_many_have_their_turns_in_order_and_leave_some_to_others(left: int) -> None:
    turns, passes = Turns(left), Passes()
    had: list[tuple[int, int]] = []

    async def work(number: int) -> None:
        await turns.take()
        had.append((number, passes.count))

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(work(number))
    passes.close()

    assert [number for number, _ in had] == list(range(20))
    counts = [count for _, count in had]
    assert all(after - before > left for before, after in pairwise(counts))


async def test_one_that_is_cancelled_leaves_its_turn_to_the_next() -> None:
    turns, done = Turns(), []

    async def work(number: int) -> None:
        await turns.take()
        done.append(number)

    async with asyncio.TaskGroup() as group:
        _, second, _ = (group.create_task(work(number)) for number in range(3))
        await asyncio.sleep(0)
        second.cancel()

    assert done == [0, 2]


@pytest.mark.parametrize("left", [0, 4])
async def test_afterwards_nobody_waits_again(left: int) -> None:
    turns = Turns(left)
    for _ in range(3):
        await turns.take()
    for _ in range(left + 2):
        await asyncio.sleep(0)

    with pytest.raises(StopIteration):
        turns.take().send(None)


async def test_who_would_have_to_wait_can_do_something_else_first() -> None:
    turns = Turns()

    assert turns.try_take()
    assert not turns.try_take()

    await turns.take()  # the next one
    assert not turns.try_take()
    await turns.take()
