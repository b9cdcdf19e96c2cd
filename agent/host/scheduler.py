"""When is something due? One heap of absolute times behind a single loop timer.

Half the CPU of a task or a `call_later` per worker, and a sixteenth of a goroutine's memory
(bench/). Due times are absolute, so a late callback never delays the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush

_MIN_GARBAGE = 64


class Timer:
    """A callback that is due once; `cancel` may be called at any time, also afterwards."""

    __slots__ = ("_scheduler", "callback", "due")

    def __init__(self, scheduler: Scheduler, due: float, callback: Callable[[], None]) -> None:
        self._scheduler = scheduler
        self.due = due
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Forget the callback."""
        if self.callback is not None:
            self.callback = None
            self._scheduler.cancelled()


class Scheduler:
    """Calls back at absolute times of the loop's clock, in order of due time, then of asking."""

    __slots__ = ("_garbage", "_handle", "_heap", "_loop", "_seq", "_wakes_at")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heap: list[tuple[float, int, Timer]] = []
        self._seq = 0
        self._garbage = 0
        self._handle: asyncio.TimerHandle | None = None
        self._wakes_at = float("inf")

    def time(self) -> float:
        """Now, on the clock that `call_at` uses (seconds, monotonic)."""
        return self._loop.time()

    def call_at(self, due: float, callback: Callable[[], None]) -> Timer:
        """Call back at `due` (seconds on the loop's clock), or at once if that is past."""
        timer = Timer(self, due, callback)
        self._seq += 1
        heappush(self._heap, (due, self._seq, timer))
        if due < self._wakes_at:
            self._arm(due)
        return timer

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call back after `delay` seconds."""
        return self.call_at(self._loop.time() + delay, callback)

    def close(self) -> None:
        """Forget everything."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = None
        self._heap.clear()
        self._wakes_at = float("inf")

    def cancelled(self) -> None:
        """One entry of the heap is dead; sweep when the dead outnumber the living."""
        self._garbage += 1
        if self._garbage > _MIN_GARBAGE and self._garbage * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapify(self._heap)
            self._garbage = 0

    def _arm(self, due: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._wakes_at = due
        self._handle = self._loop.call_at(due, self._run)

    def _run(self) -> None:
        self._handle = None
        self._wakes_at = float("-inf")  # callbacks must not arm the loop timer meanwhile
        now = self._loop.time()
        while self._heap and self._heap[0][0] <= now:
            timer = heappop(self._heap)[2]
            callback, timer.callback = timer.callback, None
            if callback is None:
                self._garbage -= 1
                continue
            try:
                callback()
            except Exception as exc:  # noqa: BLE001 - one broken callback must not stop the clock
                self._loop.call_exception_handler(
                    {"message": "scheduled callback failed", "exception": exc}
                )
        self._wakes_at = float("inf")
        if self._heap:
            self._arm(self._heap[0][0])
