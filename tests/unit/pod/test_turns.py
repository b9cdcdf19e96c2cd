"""A hundred who want to work at once do so in a hundred turns of the loop."""

from __future__ import annotations

import asyncio

import pytest

from agent.pod.turns import Turns

pytestmark = pytest.mark.asyncio


async def test_who_is_alone_does_not_wait() -> None:
    taking = Turns().take()

    with pytest.raises(StopIteration):
        taking.send(None)


async def test_each_turn_of_the_loop_is_for_one_in_order() -> None:
    turns, loop = Turns(), asyncio.get_running_loop()
    turn, seen, over = 0, [], asyncio.Event()

    def count() -> None:
        nonlocal turn
        turn += 1
        if not over.is_set():
            loop.call_soon(count)

    async def work(number: int) -> None:
        await turns.take()
        seen.append((turn, number))

    loop.call_soon(count)
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(work(number))
    over.set()

    assert [number for _, number in seen] == list(range(20))
    assert len({turn for turn, _ in seen}) == 20


async def test_one_that_is_cancelled_leaves_its_turn_to_the_next() -> None:
    turns, done = Turns(), []

    async def work(number: int) -> None:
        await turns.take()
        done.append(number)

    async with asyncio.TaskGroup() as group:
        first, second, third = (group.create_task(work(number)) for number in range(3))
        await asyncio.sleep(0)
        second.cancel()

    assert first.done()
    assert third.done()
    assert done == [0, 2]


async def test_afterwards_nobody_waits_again() -> None:
    turns = Turns()
    for _ in range(3):
        await turns.take()
    while turns._is_taken:
        await asyncio.sleep(0)

    with pytest.raises(StopIteration):
        turns.take().send(None)
