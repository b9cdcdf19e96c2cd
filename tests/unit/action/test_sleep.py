"""The sleep handler waits; its deadline makes it fail, a cancel makes it silent."""

from __future__ import annotations

import asyncio

import pytest

from agent.action.result import ActionResult, Outcome
from agent.action.sleep import Sleep
from agent.host.scheduler import Scheduler

pytestmark = pytest.mark.asyncio


class Log:
    """Results with the virtual time at which they came."""

    def __init__(self) -> None:
        self.results: list[tuple[float, ActionResult]] = []

    def done(self, result: ActionResult) -> None:
        self.results.append((asyncio.get_running_loop().time(), result))


async def test_it_succeeds_after_its_seconds() -> None:
    log = Log()
    Sleep(5, Scheduler()).start(30, log.done)

    await asyncio.sleep(60)

    assert log.results == [(5, ActionResult(Outcome.SUCCESS))]


async def test_zero_seconds_are_over_at_once() -> None:
    log = Log()
    running = Sleep(0, Scheduler()).start(None, log.done)
    running.expire()
    running.cancel()

    assert log.results == [(0, ActionResult(Outcome.SUCCESS))]


async def test_a_deadline_that_comes_first_makes_it_fail() -> None:
    log, scheduler = Log(), Scheduler()
    running = Sleep(3, scheduler).start(2, log.done)
    scheduler.call_later(2, running.expire)

    await asyncio.sleep(60)

    text = "container terminated before sleep hook finished"
    assert log.results == [(2, ActionResult(Outcome.FAILURE, text))]


async def test_a_cancelled_sleep_never_reports() -> None:
    log = Log()
    running = Sleep(3, Scheduler()).start(None, log.done)

    running.cancel()
    running.expire()
    await asyncio.sleep(60)

    assert log.results == []
