"""Who is in which run? One look at all processes of the host answers for all runs together.

Such a look takes some 10 us for each process. Those who measure take one of a second ago; an end
takes any that began after its main process had ended, and waits until the loop had a rest from the
last one.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from agent.host import descendants, marks
from agent.host.clock import Clock
from agent.host.sight import Shared, Sight

#: Seconds for which a look is good enough to measure by.
GOOD_FOR = 1.0
#: After a look the loop rests for so many times as long as it took.
_RESTS = 4.0
_EVERYBODY = 0


class Roll:
    """The processes of one agent's runs by their marks, wherever they are."""

    __slots__ = ("_agent_mark", "_begun_at", "_clock", "_condemned", "_rests_until", "_shared")

    def __init__(self, agent_mark: int, clock: Clock) -> None:
        self._agent_mark = agent_mark
        self._clock = clock
        self._begun_at = self._rests_until = float("-inf")
        self._shared = Shared(self._look)
        self._condemned: Counter[int] = Counter()

    @property
    def now(self) -> int:
        """The moment, for `after`."""
        return self._shared.now

    def members(self, mark: int) -> frozenset[int]:
        """The processes that bear the mark of this run, commands of hooks and probes included.

        As of a second ago at most.
        """
        if self._clock.monotonic() - self._begun_at > GOOD_FOR:
            self._shared.after(self.now)
        return frozenset(pid for pid, _ in self._shared.last.run(mark))

    def has(self, since: int) -> bool:
        """Whether `after` would answer without a look."""
        return self._shared.has(since)

    def after(self, since: int) -> Sight:
        """What a look saw that began after the moment `since`; made now, if there is none."""
        return self._shared.after(since)

    def recent(self) -> Sight:
        """What the last look saw if it is so short ago that the loop rests, or one made now."""
        resting = self._clock.monotonic() < self._rests_until
        return self._shared.last if resting else self._shared.after(self.now)

    async def rest(self, since: int) -> None:
        """Return when a look has begun after `since`, or the next one may: at most a fifth of the
        time goes into looks, however many processes there are.
        """
        while not self.has(since):
            left = self._rests_until - self._clock.monotonic()
            if left <= 0:
                return
            await self._clock.sleep(left)

    @contextmanager
    def condemned(self, mark: int | None) -> Iterator[None]:
        """Meanwhile who bears the mark of this run (None: of any) is killed as soon as it is seen.

        It may be about to fork and exit.
        """
        run = _EVERYBODY if mark is None else marks.run_of(mark)
        self._condemned[run] += 1
        try:
            yield
        finally:
            self._condemned[run] -= 1
            if not self._condemned[run]:
                del self._condemned[run]

    def _look(self) -> Sight:
        self._begun_at = self._clock.monotonic()
        sight = Sight()
        for pid, mark in marks.bearers(self._is_ours):
            if self._is_condemned(mark):
                descendants.send(pid, signal.SIGKILL, self._deserves)
            sight.add(pid, mark)
        now = self._clock.monotonic()
        self._rests_until = now + (now - self._begun_at) * _RESTS
        return sight

    def _is_ours(self, mark: int) -> bool:
        return marks.same_agent(mark, self._agent_mark)

    def _is_condemned(self, mark: int) -> bool:
        return marks.run_of(mark) in self._condemned or _EVERYBODY in self._condemned

    def _deserves(self, pid: int) -> bool:
        mark = marks.read_mark(pid)
        return self._is_ours(mark) and self._is_condemned(mark)
