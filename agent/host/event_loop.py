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
from collections.abc import Callable, Coroutine, Sized
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


class Wait(selectors.EpollSelector):
    """Where the loop waits for asyncio's descriptors and timers, and for those of others.

    The others are served here, and asyncio has its turn as soon as one of them has given it
    something to do.
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
        #: What asyncio has to do when the wait ends.
        self.callbacks: Sized = ()
        #: The wait that is under way has to end even if there is nothing to do yet.
        self.is_stirred = False
        #: Told what a slot raised.
        self.failed: Callable[[Slot, Exception], None] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return when there is something for asyncio, or after `timeout` seconds."""
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
            now = time()
            for timetable in timetables:
                if timetable.due <= now:
                    timetable.run()
            if found or self.callbacks or self.is_stirred or end <= now:
                return found

    def close(self) -> None:
        """Let go of both ends."""
        self.epoll.close()
        super().close()

    def _serve(self, ready: list[tuple[int, int]]) -> list[tuple[selectors.SelectorKey, int]]:
        """Let the owners of ready descriptors do their work; what is asyncio's."""
        slots, asked, found = self.slots, self.get_map(), []
        for fd, events in ready:
            slot = slots.get(fd)
            if slot is not None:
                try:
                    slot.ready(events)
                except Exception as exc:
                    if self.failed is None:
                        raise
                    self.failed(slot, exc)
                continue
            key = asked.get(fd)
            if key is not None:  # or nobody wants to know any more
                found.append((key, _asked(events) & key.events))
        return found


def _asked(events: int) -> int:
    """The events of epoll as those of selectors; errors and ends are told to whoever asked."""
    read = selectors.EVENT_READ if events & ~select.EPOLLOUT else 0
    return read | (selectors.EVENT_WRITE if events & ~select.EPOLLIN else 0)


class Loop(asyncio.SelectorEventLoop):
    """The loop of `run` and of the agent; reactor and scheduler need it."""

    def __init__(self, wait: Wait | None = None) -> None:
        self.wait = Wait() if wait is None else wait
        self.wait.failed = self._slot_failed
        super().__init__(self.wait)
        # Asyncio's own list. To note each `call_soon` instead is one more call for each task that
        # is woken: a tenth of what it takes to tell an event to fifty watchers.
        self.wait.callbacks = self._ready  # type: ignore[attr-defined]

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

    def _slot_failed(self, slot: Slot, exc: Exception) -> None:
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
