"""Requests take turns, so that what else is due never waits for more than one of them."""

from __future__ import annotations

import asyncio

import pytest

from agent.api.machinery.machinery import LEFT_TO_OTHERS
from tests.support.world import PODS, manifest, world
from tests.unit.host.test_turns import Passes

pytestmark = pytest.mark.asyncio


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
