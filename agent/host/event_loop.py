"""asyncio's event loop, in whose wait the agent's own descriptors and moments are served.

asyncio is a guest: it sleeps in `Wait.select` like in any selector, and is given back control when
something is there for it. What the reactor and the scheduler have to do costs no turn of asyncio's:
no handle, no context, no timer, no second epoll, and no caches full of them after a sleep.
"""

from __future__ import annotations

import asyncio
import os
import select
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context
from time import monotonic  # noqa: TID251 - what asyncio's loop takes
from typing import Any, Protocol, TypeVar, TypeVarTuple

_Result = TypeVar("_Result")
_Args = TypeVarTuple("_Args")

#: Descriptors that are served before the moments that are due, and before asyncio, have a turn.
_BATCH = 256
_NEVER = float("inf")
_FOREVER = -1.0


class Slot(Protocol):
    """The owner of a watched descriptor."""

    def ready(self, events: int) -> None:
        """Called in the loop with the epoll events that are pending."""
        ...


class Timetable(Protocol):
    """Somebody to whom something is due."""

    #: When it is, in seconds of the loop's clock; infinity: nothing is.
    due: float

    def run(self) -> None:
        """Do it; `due` is another one afterwards."""
        ...


class Guest(Protocol):
    """Whoever waits here: asyncio."""

    def call_soon(self, callback: Callable[[], object]) -> object:
        """Call back after what was asked for before."""
        ...

    def slot_failed(self, slot: Slot, exc: Exception) -> None:
        """Tell of it."""
        ...


class Wait(selectors.EpollSelector):
    """Where the loop waits for asyncio's descriptors and timers, and for those of others.

    The others are served here, and asyncio has its turn as soon as one of them has given it
    something to do. If it has something already, moments come after that: who waits for the next
    one (`call_later(0)`) wants others to go first.
    """

    def __init__(self, time: Callable[[], float] = monotonic) -> None:
        super().__init__()
        #: The clock of the loop, in seconds.
        self.time = time
        #: The same epoll instance as asyncio's; whoever registers here puts an owner into `slots`.
        self.epoll = select.epoll.fromfd(os.dup(self.fileno()))
        #: What is ready, so many at most, after so many seconds at most; negative: for ever.
        self.poll: Callable[[float, int], list[tuple[int, int]]] = self.epoll.poll
        self.slots: dict[int, Slot] = {}
        self.timetables: list[Timetable] = []
        #: Something was put on asyncio's list meanwhile.
        self.is_stirred = False
        self.guest: Guest | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return when there is something for asyncio, or after `timeout` seconds."""
        if timeout is not None and timeout <= 0:
            return self._look()
        time, timetables = self.time, self.timetables
        end = _NEVER if timeout is None else time() + timeout
        found: list[tuple[selectors.SelectorKey, int]] = []
        self.is_stirred = False
        while True:
            due = end
            for timetable in timetables:
                if timetable.due < due:
                    due = timetable.due
            ready = self.poll(_FOREVER if due == _NEVER else max(due - time(), 0.0), _BATCH)
            if ready:
                found = self._serve(ready)
            self._ring()
            if found or self.is_stirred or end <= time():
                return found

    def close(self) -> None:
        """Let go of both ends."""
        self.epoll.close()
        super().close()

    def _look(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Asyncio has something to do: what happened is noted, moments come after that."""
        found = self._serve(self.poll(0, _BATCH))
        now = self.time()
        if any(timetable.due <= now for timetable in self.timetables):
            assert self.guest is not None  # whoever waits
            self.guest.call_soon(self._ring)
        return found

    def _ring(self) -> None:
        """Let those do their work to whom something is due."""
        now = self.time()
        for timetable in self.timetables:
            if timetable.due <= now:
                timetable.run()

    def _serve(self, ready: list[tuple[int, int]]) -> list[tuple[selectors.SelectorKey, int]]:
        """Let the owners of ready descriptors do their work; what is asyncio's."""
        slots, found = self.slots, []
        for fd, events in ready:
            slot = slots.get(fd)
            if slot is None:
                found += self._asked(fd, events)
                continue
            try:
                slot.ready(events)
            except Exception as exc:
                if self.guest is None:
                    raise
                self.guest.slot_failed(slot, exc)
        return found

    def _asked(self, fd: int, events: int) -> list[tuple[selectors.SelectorKey, int]]:
        """The event as asyncio is told it; nothing if nobody wants to know any more."""
        try:
            key = self.get_key(fd)
        except KeyError:
            return []
        asked = 0
        if events & ~select.EPOLLIN:
            asked |= selectors.EVENT_WRITE
        if events & ~select.EPOLLOUT:
            asked |= selectors.EVENT_READ
        return [(key, asked & key.events)]


class Loop(asyncio.SelectorEventLoop):
    """The loop of `run` and of the agent; reactor and scheduler need it."""

    def __init__(self, wait: Wait | None = None) -> None:
        self.wait = Wait() if wait is None else wait
        self.wait.guest = self
        super().__init__(self.wait)

    def call_soon(
        self,
        callback: Callable[[*_Args], object],
        *args: *_Args,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """As asyncio's; a wait that is under way ends."""
        self.wait.is_stirred = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Args], object],
        *args: *_Args,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """As asyncio's; a wait that is under way ends, since it does not know of this time."""
        self.wait.is_stirred = True
        return super().call_at(when, callback, *args, context=context)

    def stop(self) -> None:
        """As asyncio's, also when a slot asks for it."""
        self.wait.is_stirred = True
        super().stop()

    def slot_failed(self, slot: Slot, exc: Exception) -> None:
        """Tell the exception handler what a slot raised."""
        self.call_exception_handler(
            {"message": "descriptor slot failed", "exception": exc, "slot": slot}
        )


def running() -> Loop:
    """The running loop; TypeError if it is another one, RuntimeError if there is none."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, Loop):
        raise TypeError(f"a reactor and a scheduler need the loop of {__name__}, not {loop!r}")
    return loop


def run(main: Coroutine[Any, Any, _Result]) -> _Result:
    """As asyncio.run."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main)
