"""Cleanup ends, whoever is cancelled meanwhile; threads may speak to a loop that is gone."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from agent.host.tasks import complete, tell

pytestmark = pytest.mark.asyncio


async def test_cleanup_runs_to_its_end_through_repeated_cancels() -> None:
    done = list[str]()

    async def cleanup() -> None:
        await asyncio.sleep(10)
        done.append("clean")

    task = asyncio.ensure_future(complete(cleanup()))
    for _ in range(3):
        await asyncio.sleep(1)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert done == ["clean"]


async def test_without_a_cancel_it_just_waits() -> None:
    done = list[str]()

    async def cleanup() -> None:
        await asyncio.sleep(10)
        done.append("clean")

    await complete(cleanup())

    assert done == ["clean"]


async def test_a_failure_of_the_cleanup_is_raised() -> None:
    async def cleanup() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await complete(cleanup())


class Loop(asyncio.SelectorEventLoop):
    """One that is told, or that fails."""

    def __init__(self, error: str = "") -> None:
        super().__init__()
        self.error = error
        self.told: list[object] = []

    def call_soon_threadsafe(self, callback: object, *_: object, **__: object) -> asyncio.Handle:
        if self.error:
            raise RuntimeError(self.error)
        self.told.append(callback)
        return asyncio.Handle(print, (), self)


def nothing() -> None:
    """What a loop is to do."""


async def test_a_loop_is_told() -> None:
    with closing(Loop()) as loop:
        tell(loop, nothing)

    assert loop.told == [nothing]


async def test_a_loop_that_is_gone_is_told_nothing() -> None:
    with closing(Loop("Event loop is closed")) as loop:
        pass

    tell(loop, nothing)

    assert loop.told == []


async def test_another_error_of_a_loop_is_not_swallowed() -> None:
    with closing(Loop("a bug")) as loop, pytest.raises(RuntimeError, match="a bug"):
        tell(loop, nothing)
