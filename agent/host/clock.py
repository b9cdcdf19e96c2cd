"""Time as a dependency: wall time for people, monotonic time for durations and deadlines."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What effects may ask about time; seconds are floats."""

    def now(self) -> datetime:
        """Wall time in UTC, for timestamps that people read."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for durations and deadlines; the loop's own time."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        ...

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        """A deadline around a block; `TimeoutError` when it passes, none for `None`."""
        ...


def wall_time() -> datetime:
    """The machine's wall time in UTC, for what runs in no loop."""
    return datetime.fromtimestamp(time.time(), UTC)


class SystemClock:
    """The machine's clocks; must be made inside the running loop."""

    __slots__ = ("_loop",)

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now(self) -> datetime:
        return wall_time()

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        return asyncio.timeout(seconds)
