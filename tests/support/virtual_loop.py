"""An event loop on virtual time: when nothing is runnable, time jumps to the next timer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from agent.host.event_loop import Loop, Wait


class _InstantWait(Wait):
    """Never waits: advances the loop's time instead."""

    def __init__(self) -> None:
        super().__init__(lambda: self.now)
        self.now = 0.0
        self.poll = self._poll

    def _poll(self, seconds: float, most: int) -> list[tuple[int, int]]:
        ready = self.epoll.poll(0, most)
        if ready or seconds == 0:
            return ready
        if seconds < 0:
            raise RuntimeError("deadlock: nothing is scheduled and nothing can happen")
        self.now += seconds
        return []


class VirtualLoop(Loop):
    """`asyncio.sleep(3600)` costs nothing and `loop.time()` is exact; it starts at 0."""

    def __init__(self) -> None:
        wait = _InstantWait()
        super().__init__(wait)
        self.time = wait.time  # type: ignore[method-assign]
        self._clock_resolution = 1e-9


class VirtualClock:
    """A `Clock` on the running virtual loop; wall time starts at 2025-06-01T12:00:00Z."""

    def __init__(self, start: datetime = datetime(2025, 6, 1, 12, tzinfo=UTC)) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        return asyncio.timeout(seconds)
