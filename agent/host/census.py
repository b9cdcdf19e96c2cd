"""Which living processes belong to a container run, or to the agent, and how does one end them all?

The answer is a dict of pid to start time, so that a signal never reaches a recycled pid.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Mapping

from agent.host import descendants, marks
from agent.host.clock import Clock
from agent.host.reaper import Reaper
from agent.host.scheduler import Scheduler

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05
_BLIND_SECONDS = 0.5

Members = Mapping[int, int]


class Census:
    """Counts by mark, by ancestry and by session; `matches` decides on marks.

    What this agent started is found below it. `everywhere` looks at all processes of the host, for
    what an earlier agent started: a scan, some 10 us for each of them.
    """

    __slots__ = ("_all_orphans", "_everywhere", "_matches", "_reaper", "_sessions")

    def __init__(
        self,
        reaper: Reaper,
        matches: Callable[[int], bool],
        *,
        all_orphans: bool = False,
        everywhere: bool = False,
    ) -> None:
        self._reaper = reaper
        self._matches = matches
        self._all_orphans = all_orphans
        self._everywhere = everywhere
        self._sessions: set[int] = set()

    def joined(self, session: int) -> None:
        """Orphans of this session count, even if they changed their mark."""
        self._sessions.add(session)

    def members(self) -> dict[int, int]:
        """Mains and orphans with all below them, and the commands below the helper."""
        return self._look()[0]

    async def kill(self, clock: Clock, seconds: float) -> frozenset[int]:
        """SIGKILL until nobody is left; who resisted for so long is returned.

        Does not suspend if there was nobody. If one cannot look, for want of a descriptor, it goes
        on in the background.
        """
        begun = clock.monotonic()
        deadline = begun + seconds
        pause = _FIRST_PAUSE
        known_ended: set[int] = set()
        while True:
            if not descendants.can_look():
                if clock.monotonic() > begun + _BLIND_SECONDS:
                    Sweep(self._reaper.scheduler, self).begin()
                    return frozenset()
                await clock.sleep(_LONGEST_PAUSE)
                continue
            alive, ended = self._look(kill=True)
            send(alive, signal.SIGKILL)
            # A process that forks and exits for ever may be missed, but it leaves a new corpse
            # with every step: only when there is none, nobody was there.
            quiet = ended <= known_ended
            if (quiet and not alive) or clock.monotonic() > deadline:
                return frozenset(alive)
            known_ended = ended
            self._reaper.reap(ended)  # or every look would take longer than the last
            if quiet:
                await clock.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                await clock.sleep(0)
                pause = _FIRST_PAUSE

    def _look(self, *, kill: bool = False) -> tuple[dict[int, int], set[int]]:
        """The living with their start times, and those that ended and are not reaped yet."""
        found = self._below()
        if self._everywhere:
            for pid, _mark in marks.bearers(self._matches):
                if kill:  # at sight: it may be about to fork and exit
                    descendants.send(pid, signal.SIGKILL, self._bears)
                found.append(pid)
        for pid in tuple(found):
            found += descendants.descendants(pid)
        alive = descendants.alive(found)
        return alive, {pid for pid in found if pid not in alive}

    def _below(self) -> list[int]:
        """The topmost of those that are below this process."""
        known = self._reaper.known()
        found: list[int] = []
        for pid in descendants.children_of_leader(os.getpid()):
            mark = known.get(pid)
            if mark == 0:
                found += filter(self._bears, descendants.children_of_leader(pid))
            elif self._owns(pid) if mark is None else self._matches(mark):
                found.append(pid)
        return found

    def _bears(self, pid: int) -> bool:
        return self._matches(marks.read_mark(pid))

    def _owns(self, pid: int) -> bool:
        """Whether a child that nobody watches is an orphan of ours."""
        mark = marks.read_mark(pid)
        if marks.same_agent(mark, self._reaper.agent_mark):
            return self._matches(mark)
        if self._all_orphans:
            return self._reaper.is_orphan(pid)
        now = descendants.stat(pid)
        return now is not None and now.session in self._sessions


class Sweep:
    """SIGKILL, in the background, for processes that nobody holds any more."""

    __slots__ = ("_census", "_pause", "_scheduler")

    def __init__(self, scheduler: Scheduler, census: Census) -> None:
        self._scheduler = scheduler
        self._census = census
        self._pause = _FIRST_PAUSE

    def begin(self) -> None:
        """Look now, and some more times: one may be about to appear."""
        self._round()

    def _round(self) -> None:
        if not descendants.can_look():
            self._scheduler.call_later(_LONGEST_PAUSE, self._round)
            return
        left = self._census.members()
        send(left, signal.SIGKILL)
        self._pause *= 2
        if left or self._pause < _LONGEST_PAUSE:
            self._scheduler.call_later(min(self._pause, _LONGEST_PAUSE), self._round)


def send(members: Members, signum: int, *, exclude: Iterable[int | None] = ()) -> int:
    """Signal them; how many were still there to get it."""

    def belongs(pid: int) -> bool:
        now = descendants.stat(pid)
        return now is not None and now.started == members[pid]

    return sum(descendants.send(pid, signum, belongs) for pid in members if pid not in exclude)
