"""Cleanup ends, whoever is cancelled meanwhile; the cancel is passed on afterwards."""

from __future__ import annotations

import asyncio

import pytest

from agent.host.tasks import complete

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
