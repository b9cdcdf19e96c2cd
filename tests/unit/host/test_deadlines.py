"""Whoever takes too long is told so in time, with one moment for all."""

from __future__ import annotations

import asyncio
import gc

import pytest

from agent.host.deadlines import Deadlines
from agent.host.scheduler import Scheduler

pytestmark = pytest.mark.asyncio


class Work:
    """Has so many seconds; notes when they were over."""

    def __init__(self, scheduler: Scheduler, seconds: float) -> None:
        self.scheduler = scheduler
        self.deadlines = scheduler.deadlines(seconds)
        self.expired: list[float] = []

    def begin(self) -> Work:
        self.deadlines.add(self, self.scheduler.time())
        return self

    def expire(self) -> None:
        self.expired.append(self.scheduler.time())


async def test_each_expires_in_its_own_time() -> None:
    scheduler = Scheduler()

    first = Work(scheduler, 2).begin()
    await asyncio.sleep(0.5)
    second, long = Work(scheduler, 2).begin(), Work(scheduler, 10).begin()
    await asyncio.sleep(5)
    third = Work(scheduler, 2).begin()
    await asyncio.sleep(20)

    assert [work.expired for work in (first, second, long, third)] == [[2], [2.5], [10.5], [7.5]]


async def test_who_has_ended_does_not_expire() -> None:
    scheduler = Scheduler()

    works = [Work(scheduler, 3).begin() for _ in range(100)]
    await asyncio.sleep(1)
    for work in works[:-1]:
        work.deadlines.discard(work)
        work.deadlines.discard(work)
    await asyncio.sleep(9)

    assert [work.expired for work in works] == [[]] * 99 + [[3]]


async def test_one_may_end_another_or_begin_anew_when_it_expires() -> None:
    scheduler = Scheduler()
    first, second = Work(scheduler, 1), Work(scheduler, 1)

    def expire() -> None:
        first.expired.append(scheduler.time())
        second.deadlines.discard(second)
        if len(first.expired) < 3:
            first.begin()

    first.expire = expire  # type: ignore[method-assign]
    first.begin()
    second.begin()
    await asyncio.sleep(10)

    assert (first.expired, second.expired) == ([1, 2, 3], [])


async def test_spans_that_nobody_uses_any_more_are_forgotten() -> None:
    scheduler = Scheduler()
    kept = Work(scheduler, 7)
    for number in range(1000):
        Work(scheduler, 1 + number / 1000).begin()
    await asyncio.sleep(5)

    gc.collect()
    spans = [each for each in gc.get_referrers(scheduler) if isinstance(each, Deadlines)]

    assert spans == [kept.deadlines]
    assert scheduler.deadlines(7) is kept.deadlines


async def test_one_that_fails_is_reported_and_the_others_still_expire() -> None:
    scheduler, reported = Scheduler(), list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda _, ctx: reported.append(ctx["message"]))
    broken, sound = Work(scheduler, 1), Work(scheduler, 1)
    broken.expire = lambda: [][0]  # type: ignore[method-assign]
    broken.begin()
    sound.begin()
    await asyncio.sleep(2)

    assert (sound.expired, reported) == ([1], ["scheduled callback failed"])
