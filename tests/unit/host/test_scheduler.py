"""Callbacks come at their time, in order, and never twice."""

from __future__ import annotations

import asyncio

import pytest

from agent.host import event_loop
from agent.host.scheduler import Scheduler, Timer

pytestmark = pytest.mark.asyncio


class Again:
    """Wants to be rung each second; notes when it was."""

    def __init__(self, name: str, scheduler: Scheduler, seen: list[tuple[str, float]]) -> None:
        self._name = name
        self._scheduler = scheduler
        self._seen = seen

    def ring(self, due: float) -> None:
        self._seen.append((self._name, self._scheduler.time()))
        self._scheduler.join(due + 1, self)


async def call_later(scheduler: Scheduler, delay: float) -> None:
    """Wait for a timer of the scheduler."""
    rung = asyncio.Event()
    scheduler.call_later(delay, rung.set)
    await rung.wait()


async def test_callbacks_run_in_order_of_due_time_then_of_asking() -> None:
    scheduler, seen = Scheduler(), list[tuple[str, float]]()

    def note(name: str) -> None:
        seen.append((name, scheduler.time()))

    scheduler.call_at(5, lambda: note("late"))
    scheduler.call_at(2, lambda: note("first"))
    scheduler.call_at(2, lambda: note("second"))
    await asyncio.sleep(10)

    assert seen == [("first", 2), ("second", 2), ("late", 5)]


async def test_an_earlier_timer_moves_the_wake_up_forward() -> None:
    scheduler, seen = Scheduler(), list[float]()

    scheduler.call_at(100, lambda: seen.append(scheduler.time()))
    scheduler.call_at(1, lambda: seen.append(scheduler.time()))
    await asyncio.sleep(2)

    assert seen == [1]


async def test_a_cancelled_timer_never_runs() -> None:
    scheduler, seen = Scheduler(), list[int]()

    timers = [scheduler.call_at(1, lambda n=n: seen.append(n)) for n in range(500)]  # type: ignore[misc]
    for timer in timers[1:]:
        timer.cancel()
        timer.cancel()
    await asyncio.sleep(2)

    assert seen == [0]


async def test_a_callback_may_schedule_and_cancel_others() -> None:
    scheduler, seen = Scheduler(), list[float]()
    victim: Timer = scheduler.call_at(1, lambda: seen.append(-1))

    def rearm() -> None:
        seen.append(scheduler.time())
        victim.cancel()
        if len(seen) < 3:
            scheduler.call_later(1, rearm)

    scheduler.call_at(0.5, rearm)
    await asyncio.sleep(10)

    assert seen == [0.5, 1.5, 2.5]


async def test_a_failing_callback_is_reported_and_the_others_still_run() -> None:
    scheduler, seen, reported = Scheduler(), list[float](), list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda _, ctx: reported.append(ctx["message"]))

    scheduler.call_at(1, lambda: [][0])
    scheduler.call_at(1, lambda: seen.append(scheduler.time()))
    await asyncio.sleep(2)

    assert (seen, reported) == ([1], ["scheduled callback failed"])


async def test_members_share_moments_and_come_again() -> None:
    scheduler, seen = Scheduler(), list[tuple[str, float]]()
    for name in ("a", "b"):
        scheduler.join(1, Again(name, scheduler, seen))
    scheduler.call_at(1, lambda: seen.append(("timer", scheduler.time())))
    await asyncio.sleep(2.5)

    assert seen == [("a", 1), ("b", 1), ("timer", 1), ("a", 2), ("b", 2)]


async def test_a_member_that_leaves_is_not_rung() -> None:
    scheduler, seen = Scheduler(), list[tuple[str, float]]()
    members = [Again(str(number), scheduler, seen) for number in range(200)]
    for number, member in enumerate(members):
        scheduler.join(1 + number / 1000, member)
    for number, member in enumerate(members[1:], 1):
        scheduler.leave(1 + number / 1000, member)
        scheduler.leave(1 + number / 1000, member)
        scheduler.leave(77, member)
    await asyncio.sleep(1.5)

    assert seen == [("0", 1)]


async def test_who_left_makes_no_wake_ups_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler, wait = Scheduler(), event_loop.running().wait
    poll, woken = wait.poll, 0

    def counted(seconds: float, most: int) -> list[tuple[int, int]]:
        nonlocal woken
        woken += seconds > 0
        return poll(seconds, most)

    monkeypatch.setattr(wait, "poll", counted)
    for number in range(1000):
        scheduler.call_at(1 + number / 1000, lambda: None).cancel()
    await call_later(scheduler, 5)

    assert 1 <= woken <= 130


async def test_who_is_late_comes_after_what_the_loop_has_to_do_already() -> None:
    scheduler, seen = Scheduler(), list[str]()
    loop = asyncio.get_running_loop()
    await asyncio.sleep(5)

    loop.call_soon(seen.append, "first")
    for due in (5, 3, 3):
        scheduler.call_at(due, lambda: seen.append("late"))
    scheduler.call_at(4, lambda: seen.append("never")).cancel()
    loop.call_soon(seen.append, "last")
    await asyncio.sleep(1)

    assert seen == ["first", "late", "late", "late", "last"]


async def test_moments_that_passed_at_once_are_swept_with_the_others() -> None:
    """More have left than wait; one of those who joined late waits for its turn meanwhile."""
    scheduler, seen = Scheduler(), list[float]()
    await asyncio.sleep(5)

    scheduler.call_at(5, lambda: seen.append(5))
    for number in range(200):
        scheduler.call_at(6 + number / 1000, lambda: None).cancel()
    scheduler.call_at(7, lambda: seen.append(7))
    await asyncio.sleep(3)

    assert seen == [5, 7]


async def test_close_forgets_everything() -> None:
    scheduler, seen = Scheduler(), list[float]()

    scheduler.call_at(1, lambda: seen.append(1))
    scheduler.close()
    await asyncio.sleep(2)

    assert seen == []
