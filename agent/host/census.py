"""Which living processes belong to a container run, or to the agent, and how does one end them all?

The answer is a dict of pid to start time, so that a signal never reaches a recycled pid.

Ends share looks (see sight.py). Whoever ended before a look began is told by it whether anything is
left; what a look shows that others made is verified before it is believed.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import nullcontext

from agent.host import descendants, marks
from agent.host.clock import Clock
from agent.host.reaper import Reaper
from agent.host.roll import Roll
from agent.host.scheduler import Scheduler
from agent.host.sight import Sight

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05
_BLIND_SECONDS = 0.5

Members = Mapping[int, int]
Moment = tuple[int, int]


class Census:
    """Counts by mark, by ancestry and by session; `matches` decides on marks.

    What this agent started is found below it. With a `roll` all processes of the host are looked
    at, for what an earlier agent started.
    """

    __slots__ = (
        "_all_orphans",
        "_dead",
        "_ended",
        "_matches",
        "_reaper",
        "_roll",
        "_run",
        "_sessions",
    )

    def __init__(
        self,
        reaper: Reaper,
        matches: Callable[[int], bool],
        *,
        run: int | None = None,
        all_orphans: bool = False,
        roll: Roll | None = None,
    ) -> None:
        """`run` is the one that every mark that matches belongs to, if there is only one."""
        self._reaper = reaper
        self._matches = matches
        self._run = run
        self._all_orphans = all_orphans
        self._roll = roll
        self._sessions: set[int] = set()
        self._ended: Moment | None = None
        self._dead: frozenset[int] = frozenset()

    def joined(self, session: int) -> None:
        """Orphans of this session count, even if they changed their mark."""
        self._sessions.add(session)

    def ends(self, main: int) -> None:
        """The main process has ended and nothing comes from outside any more.

        A look that begins later can be shared, and tells nothing by showing this corpse.
        """
        self._ended = self._now()
        self._dead = frozenset((main,))

    def grows(self) -> None:
        """Something is started inside: looks that have begun know nothing of it."""
        self._ended = None
        self._dead = frozenset()

    def members(self) -> dict[int, int]:
        """Mains and orphans with all below them, and the commands below the helper."""
        fresh = self._candidates(self._reaper.below.after(self._reaper.below.now))
        if self._roll is not None:
            fresh += filter(self._bears, self._candidates(self._roll.recent()))
        return self._sorted(fresh)[0]

    async def anybody(self) -> bool:
        """Whether any of them is seen to live; may share a look with others that end."""
        since = self._ended or self._now()
        await self._rest(since)
        seen = self._seen(since)
        if seen is not None and not (seen[0] or seen[1] <= self._dead):
            # What these left behind has other parents now.
            since = self._now()
            await self._rest(since)
            seen = self._seen(since)
        return seen is not None and bool(seen[0])

    async def kill(self, clock: Clock, seconds: float) -> frozenset[int]:
        """SIGKILL until nobody is left; who resisted for so long is returned.

        Does not suspend if there was nobody below this process and there is no `roll`. If one
        cannot look, for want of a descriptor, it goes on in the background.
        """
        condemned = nullcontext() if self._roll is None else self._roll.condemned(self._run)
        with condemned:
            return await self._kill(clock, seconds)

    async def _kill(self, clock: Clock, seconds: float) -> frozenset[int]:
        begun = clock.monotonic()
        deadline = begun + seconds
        pause = _FIRST_PAUSE
        known_ended: Set[int] = self._dead
        since = self._ended or self._now()
        while True:
            await self._rest(since)
            seen = self._seen(since)
            if seen is None:
                if clock.monotonic() > begun + _BLIND_SECONDS:
                    Sweep(self._reaper.scheduler, self).begin()
                    return frozenset()
                await clock.sleep(_LONGEST_PAUSE)
                continue
            alive, ended = seen
            send(alive, signal.SIGKILL)
            # A process that forks and exits for ever may be missed, but it leaves a new corpse
            # with every step: only when there is none, nobody was there.
            quiet = ended <= known_ended
            if (quiet and not alive) or clock.monotonic() > deadline:
                return frozenset(alive)
            known_ended = ended
            since = self._now()
            if quiet:
                await clock.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                await clock.sleep(0)
                pause = _FIRST_PAUSE

    def _now(self) -> Moment:
        return self._reaper.below.now, 0 if self._roll is None else self._roll.now

    async def _rest(self, since: Moment) -> None:
        if self._roll is not None:
            await self._roll.rest(since[1])

    def _seen(self, since: Moment) -> tuple[dict[int, int], set[int]] | None:
        """The living with their start times, and those that have ended or are gone.

        As a look saw them that began after `since`: they themselves as they are now. None: one
        cannot look, for want of a descriptor.
        """
        elsewhere: list[int] = []
        if self._roll is not None:
            elsewhere = self._candidates(self._roll.after(since[1]))
            if not self._roll.has(since[1]):
                return None
        below = self._candidates(self._reaper.below.after(since[0]))
        if not self._reaper.below.has(since[0]):
            return None
        meant = [*filter(self._bears, elsewhere), *filter(self._is_ours, below)]
        alive, ended = self._sorted(meant)
        self._reaper.reap(ended)  # or every look would take longer than the last
        return alive, ended.union(elsewhere, below) - alive.keys()

    def _sorted(self, found: list[int]) -> tuple[dict[int, int], set[int]]:
        """They and all below them: who lives, and who does not."""
        found = list({*found})
        for pid in tuple(found):
            found += descendants.descendants(pid)
        alive = descendants.alive(found)
        return alive, {pid for pid in found if pid not in alive}

    def _candidates(self, sight: Sight) -> list[int]:
        """Whom a look saw of ours."""
        seen = sight.everybody() if self._run is None else sight.run(self._run)
        found = [pid for pid, mark in seen if self._matches(mark)]
        for session, pids in sight.strays.items():
            if self._is_own(session):
                found += pids
        return found

    def _bears(self, pid: int) -> bool:
        """Whether a pid that was seen some time ago still is one of them, by its mark."""
        return self._matches(marks.read_mark(pid))

    def _is_ours(self, pid: int) -> bool:
        """The same for one below this process, also if it has shed its mark."""
        mark = self._reaper.mark_of(pid)
        if mark:
            return self._matches(mark)
        now = descendants.stat(pid)
        return now is not None and self._is_own(now.session)

    def _is_own(self, session: int) -> bool:
        """Whether children without a mark are, by their session."""
        return session in self._sessions or (self._all_orphans and session != self._reaper.session)


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
