"""The heartbeat notices how late the loop is, and whether it gets on at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from agent.api.heartbeat import Heartbeat
from agent.host.scheduler import Scheduler, Timer

pytestmark = pytest.mark.asyncio


async def test_it_beats_every_second_and_on_time() -> None:
    heart = Heartbeat(Scheduler())

    await asyncio.sleep(10.5)
    heart.stop()

    assert sum(heart.lag.buckets) == 10
    assert heart.lag.sum == 0
    assert heart.silence == 0.5


async def test_a_late_beat_is_measured_and_the_next_comes_a_second_after_it() -> None:
    late = LateScheduler()
    heart = Heartbeat(late)

    await asyncio.sleep(1)
    late.delay = 3.0
    await asyncio.sleep(6)
    heart.stop()

    assert heart.lag.sum == 3
    assert sum(heart.lag.buckets) == 3
    assert heart.silence == 1


async def test_silence_grows_when_the_scheduler_does_not_call() -> None:
    scheduler = Scheduler()
    heart = Heartbeat(scheduler)

    await asyncio.sleep(2)
    scheduler.close()
    await asyncio.sleep(20)

    assert heart.silence == 20


class LateScheduler(Scheduler):
    """Calls back `delay` seconds late."""

    delay = 0.0

    def call_at(self, due: float, callback: Callable[[], None]) -> Timer:
        return super().call_at(due + self.delay, callback)
