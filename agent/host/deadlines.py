"""Who has taken too long? Nearly nobody: whoever began first is looked at, and only now and then.

A timer for each probe costs more than all the rest of its bookkeeping, and is cancelled each time.
Those with the same time limit come to their ends in the order in which they began, so that one
moment suffices for all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from agent.host.scheduler import Scheduler


class Limited(Protocol):
    """Whoever must have ended within some time."""

    def expire(self) -> None:
        """The time is over."""
        ...


class Deadlines:
    """All who have the same number of seconds; made by `Scheduler.deadlines`."""

    __slots__ = ("__weakref__", "_ends", "_is_looking", "_scheduler", "seconds")

    def __init__(self, scheduler: Scheduler, seconds: float) -> None:
        self._scheduler = scheduler
        self.seconds = seconds
        self._ends: dict[Limited, float] = {}  # in order of time: all began one after the other
        self._is_looking = False

    def add(self, member: Limited, began: float) -> None:
        """Expire `member`, which began at `began` (loop time, not before any other's)."""
        end = began + self.seconds
        self._ends[member] = end
        if not self._is_looking:
            self._look_at(end)

    def discard(self, member: Limited) -> None:
        """It has ended, or was not here."""
        self._ends.pop(member, None)

    def ring(self, due: float) -> None:
        """Called by the scheduler: expire who is late, and wait for the next one."""
        self._is_looking = False
        now = self._scheduler.time()
        late = []
        for member, end in self._ends.items():
            if end > now:
                break
            late.append(member)
        for member in late:
            if self._ends.pop(member, None) is not None:  # unless another one has ended it
                self._expire(member)
        if self._ends and not self._is_looking:
            self._look_at(next(iter(self._ends.values())))

    def _expire(self, member: Limited) -> None:
        try:
            member.expire()
        except Exception as exc:  # noqa: BLE001 - the others are late as well
            self._scheduler.failed(exc)

    def _look_at(self, due: float) -> None:
        self._is_looking = True
        self._scheduler.join(due, self)
