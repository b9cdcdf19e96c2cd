"""The fence around one run of a container: its cgroup if there is one, and its mark in any case."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable

from agent.host import census, descendants, marks
from agent.host.census import Census
from agent.host.cgroup import Cgroup
from agent.host.clock import Clock
from agent.host.reaper import Reaper
from agent.host.roll import Roll

KILL_SECONDS = 10.0
_TAKEN = 4096  # half of the marks that a run has


class RunBoundary:
    """A `Boundary` (containment.py)."""

    __slots__ = (
        "_census",
        "_cgroup",
        "_clock",
        "_closed",
        "_order",
        "_roll",
        "_starts",
        "_taken",
        "mark",
        "warnings",
    )

    def __init__(
        self,
        mark: int,
        reaper: Reaper,
        clock: Clock,
        cgroup: Cgroup | None,
        warnings: tuple[str, ...],
        *,
        closed: Callable[[int], object],
        roll: Roll,
        adopted: bool = False,
    ) -> None:
        """`closed` is told the mark when the fence is taken down."""
        self._roll = roll
        self.mark = mark
        self.warnings = warnings
        self._census = Census(reaper, lambda other: marks.same_run(other, mark), everywhere=adopted)
        self._clock = clock
        self._cgroup = cgroup
        self._closed = closed
        self._starts = itertools.count(1 if adopted else 0)  # 0 is the main process
        self._taken: set[int] = set()
        self._order: deque[int] = deque()

    @property
    def cgroup(self) -> str:
        return "" if self._cgroup is None else self._cgroup.path

    @property
    def cgroup_fd(self) -> int | None:
        return None if self._cgroup is None else self._cgroup.fd

    @property
    def limited(self) -> bool:
        return self._cgroup is not None and self._cgroup.limited

    def new_mark(self) -> int:
        while (mark := marks.start_mark(self.mark, next(self._starts))) in self._taken:
            continue
        return mark

    def take_mark(self) -> int:
        mark = self.new_mark()
        self._taken.add(mark)
        self._order.append(mark)
        if len(self._order) > _TAKEN:
            self._taken.discard(self._order.popleft())
        return mark

    def joined(self, pid: int) -> None:
        self._census.joined(pid)

    def pids(self) -> frozenset[int]:
        return frozenset(self._members())

    def counted(self) -> frozenset[int]:
        if self._cgroup is not None:
            return frozenset(self._cgroup.pids())
        return self._roll.members(self.mark)

    def signal(self, signum: int, *, exclude: int | None = None) -> int:
        return census.send(self._members(), signum, exclude=(exclude,))

    def oom_killed(self) -> bool:
        return self._cgroup is not None and self._cgroup.oom_killed()

    async def kill(self) -> frozenset[int]:
        if self._cgroup is None:
            return await self._census.kill(self._clock, KILL_SECONDS)
        await self._cgroup.kill(KILL_SECONDS)
        resisted = await self._census.kill(self._clock, KILL_SECONDS)
        if not self._cgroup.populated():
            return resisted
        return resisted | frozenset(descendants.alive(self._cgroup.pids()))

    def close(self) -> None:
        self._closed(self.mark)
        if self._cgroup is not None:
            self._cgroup.close()
            self._cgroup = None

    def detach(self) -> None:
        """Forget the run without touching it."""
        if self._cgroup is not None:
            self._cgroup.detach()
            self._cgroup = None

    def _members(self) -> dict[int, int]:
        found = self._census.members()
        if self._cgroup is not None:
            found |= descendants.alive(pid for pid in self._cgroup.pids() if pid not in found)
        return found
