"""When is something due? One heap of moments, the first of which the event loop waits for.

A moment holds all who are due then: the probes of a node share moments (rules.probe_schedule), so
that most of them need neither a place in the heap nor an object of their own to wait. Due times are
absolute, so a late callback never delays the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Protocol
from weakref import WeakValueDictionary

from agent.host import event_loop
from agent.host.deadlines import Deadlines

_MIN_GARBAGE = 64


class Member(Protocol):
    """Whoever waits for a moment."""

    def ring(self, due: float) -> None:
        """The moment has come.

        May also be called for a moment that was left while it passed: a member knows its own.
        """
        ...


class Timer:
    """A callback that is due once; `cancel` may be called at any time, also afterwards."""

    __slots__ = ("_callback", "_scheduler", "due")

    def __init__(self, scheduler: Scheduler, due: float, callback: Callable[[], None]) -> None:
        self._scheduler = scheduler
        self._callback: Callable[[], None] | None = callback
        self.due = due

    def cancel(self) -> None:
        """Forget the callback."""
        if self._callback is not None:
            self._callback = None
            self._scheduler.leave(self.due, self)

    def ring(self, due: float) -> None:
        """Called by the scheduler."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


#: Nothing is due.
_NEVER = float("inf")
#: While moments pass: whoever joins one is seen when the others have been rung.
_NOW = float("-inf")


class Scheduler:
    """Calls back at absolute times of the loop's clock, in order of due time, then of asking."""

    __slots__ = ("_deadlines", "_garbage", "_heap", "_loop", "_moments", "due", "time")

    def __init__(self) -> None:
        self._loop = event_loop.running()
        #: Now, on the clock that `call_at` uses (seconds, monotonic).
        self.time: Callable[[], float] = self._loop.wait.time
        self._heap: list[float] = []
        # One for each entry of the heap, and those that were past when somebody joined them.
        self._moments: dict[float, list[Member]] = {}
        # Weak: there may be many different spans over time, of hooks for example.
        self._deadlines = WeakValueDictionary[float, Deadlines]()
        self._garbage = 0
        #: The first moment.
        self.due = _NEVER
        self._loop.wait.timetables.append(self)

    def call_at(self, due: float, callback: Callable[[], None]) -> Timer:
        """Call back at `due` (seconds on the loop's clock), or at once if that is past."""
        timer = Timer(self, due, callback)
        self.join(due, timer)
        return timer

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call back after `delay` seconds."""
        return self.call_at(self.time() + delay, callback)

    def join(self, due: float, member: Member) -> None:
        """Ring `member` at `due`; costs next to nothing if others wait for that moment.

        If it is past, `member` is rung after all that the loop has to do already. It must not be
        waiting for the same moment already.
        """
        members = self._moments.get(due)
        if members is not None:
            members.append(member)
            return
        self._moments[due] = [member]
        if due <= self.time():
            self._loop.call_soon(self._pass, due)
            return
        heappush(self._heap, due)
        if due < self.due:
            self.due = due

    def leave(self, due: float, member: Member) -> None:
        """Do not ring `member` at `due`; harmless when it has been rung, or is about to be."""
        members = self._moments.get(due)
        if members is None or member not in members:
            return
        members.remove(member)
        if not members:
            self._emptied()

    def deadlines(self, seconds: float) -> Deadlines:
        """For all who have so many seconds from when they begin."""
        found = self._deadlines.get(seconds)
        if found is None:
            found = self._deadlines[seconds] = Deadlines(self, seconds)
        return found

    def close(self) -> None:
        """Forget everything."""
        self._heap.clear()
        self._moments.clear()
        self.due = _NEVER

    def failed(self, exc: Exception) -> None:
        """Report what a callback raised: one broken callback must not stop the clock."""
        self._loop.call_exception_handler(
            {"message": "scheduled callback failed", "exception": exc}
        )

    def _emptied(self) -> None:
        """One entry of the heap is dead; sweep when the dead outnumber the living."""
        self._garbage += 1
        if self._garbage > _MIN_GARBAGE and self._garbage * 2 > len(self._heap):
            self._moments = {due: members for due, members in self._moments.items() if members}
            self._heap = list(self._moments)
            heapify(self._heap)
            self._garbage = 0

    def run(self) -> None:
        """Called by the loop: ring whoever is due."""
        self.due = _NOW
        now = self.time()
        while self._heap and self._heap[0] <= now:
            self._pass(heappop(self._heap))
        self.due = self._heap[0] if self._heap else _NEVER

    def _pass(self, due: float) -> None:
        """Ring all who wait for this moment."""
        members = self._moments.pop(due, None)
        if members is None:
            return  # it was past when somebody joined it, and has had its turn
        if not members:
            self._garbage -= 1
        for member in members:
            try:
                member.ring(due)
            except Exception as exc:  # noqa: BLE001 - see `failed`
                self.failed(exc)
