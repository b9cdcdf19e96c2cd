"""How does the host make sure that nothing outlives its container?

Two means, used together where possible: a cgroup per run, which the kernel kills as one; and the
run's mark (marks.py), with the agent as subreaper of everything, which needs no privilege and also
finds what moved itself to another cgroup.
"""

from __future__ import annotations

import errno
import itertools
import os
from typing import Literal, Protocol

from agent.host import census, descendants, marks
from agent.host.census import Census
from agent.host.cgroup import Cgroup, Hierarchy, find_base
from agent.host.cgroup_files import read
from agent.host.clock import Clock
from agent.host.limits import Limits, unenforced
from agent.host.reactor import Reactor
from agent.host.reaper import Reaper
from agent.host.scheduler import Scheduler

_KILL_SECONDS = 10.0


class Boundary(Protocol):
    """The fence around one run of one container: everything it starts stays inside."""

    @property
    def mark(self) -> int:
        """What the marks of all processes of the run have in common (see marks.py)."""
        ...

    @property
    def cgroup_fd(self) -> int | None:
        """The directory of the run's cgroup; None without one."""
        ...

    @property
    def limited(self) -> bool:
        """Whether the cgroup holds limits, so that commands must be counted there too."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for each limit that is not enforced."""
        ...

    def new_mark(self) -> int:
        """A mark for what is started next inside the run: the main process, a probe, a hook."""
        ...

    def take_mark(self) -> int:
        """A mark that nothing else of the run gets until `free_mark`: marks come again."""
        ...

    def free_mark(self, mark: int) -> None:
        """Others may get this mark again."""
        ...

    def joined(self, pid: int) -> None:
        """A process was started inside: its session belongs to the run from now on."""
        ...

    def pids(self) -> frozenset[int]:
        """All living processes of the run, its commands included."""
        ...

    def signal(self, signum: int, *, exclude: int | None = None) -> int:
        """Send a signal to every process of the run but `exclude`; how many got it."""
        ...

    def oom_killed(self) -> bool:
        """Whether the kernel killed a process of the run for its memory limit."""
        ...

    async def kill(self) -> frozenset[int]:
        """SIGKILL everything and wait until nothing is left; what resisted for 10 s is returned.

        Does not suspend when there is nothing to kill.
        """
        ...

    def close(self) -> None:
        """Remove what stood for the fence; after `kill`."""
        ...


class Containment(Protocol):
    """Makes fences."""

    @property
    def kind(self) -> str:
        """How it holds: "cgroup" or "subreaper"."""
        ...

    @property
    def controllers(self) -> frozenset[str]:
        """The cgroup controllers whose limits are enforced."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know about this host, once."""
        ...

    @property
    def reaper(self) -> Reaper:
        """Collects orphans; knows the agent's children."""
        ...

    @property
    def cgroup_path(self) -> str:
        """The directory above all fences; empty without cgroups."""
        ...

    def create(self, container_id: str, limits: Limits) -> Boundary:
        """A fence for one run; `container_id` must be unique and usable as a file name."""
        ...

    async def close(self) -> None:
        """Kill everything that is left in any fence, and remove the traces."""
        ...


class RunBoundary:
    """The fence around one run, with a cgroup if there is one."""

    __slots__ = ("_census", "_cgroup", "_clock", "_starts", "_taken", "mark", "warnings")

    def __init__(
        self,
        mark: int,
        reaper: Reaper,
        clock: Clock,
        cgroup: Cgroup | None,
        warnings: tuple[str, ...],
    ) -> None:
        self.mark = mark
        self.warnings = warnings
        self._census = Census(reaper, lambda other: marks.same_run(other, mark))
        self._clock = clock
        self._cgroup = cgroup
        self._starts = itertools.count()
        self._taken: set[int] = set()

    @property
    def cgroup_fd(self) -> int | None:
        return None if self._cgroup is None else self._cgroup.fd

    @property
    def limited(self) -> bool:
        return self._cgroup is not None and self._cgroup.limited

    def new_mark(self) -> int:
        while True:
            start = next(self._starts)
            mark = marks.start_mark(self.mark, start)
            if mark not in self._taken:
                if start == 0:  # the main process lives as long as the run
                    self._taken.add(mark)
                return mark

    def take_mark(self) -> int:
        mark = self.new_mark()
        self._taken.add(mark)
        return mark

    def free_mark(self, mark: int) -> None:
        self._taken.discard(mark)

    def joined(self, pid: int) -> None:
        self._census.joined(pid)

    def pids(self) -> frozenset[int]:
        return frozenset(self._members())

    def signal(self, signum: int, *, exclude: int | None = None) -> int:
        return census.send(self._members(), signum, exclude=(exclude,))

    def oom_killed(self) -> bool:
        return self._cgroup is not None and self._cgroup.oom_killed()

    async def kill(self) -> frozenset[int]:
        if self._cgroup is None:
            return await self._census.kill(self._clock, _KILL_SECONDS)
        await self._cgroup.kill(_KILL_SECONDS)
        resisted = await self._census.kill(self._clock, _KILL_SECONDS)
        return resisted | frozenset(descendants.alive(self._cgroup.pids()))

    def close(self) -> None:
        if self._cgroup is not None:
            self._cgroup.close()
            self._cgroup = None

    def _members(self) -> dict[int, int]:
        found = self._census.members()
        if self._cgroup is not None:
            found |= descendants.alive(pid for pid in self._cgroup.pids() if pid not in found)
        return found


class HostContainment:
    """Makes the fences of one agent; see `choose_containment`."""

    __slots__ = ("_clock", "_hierarchy", "_runs", "reaper", "warnings")

    def __init__(
        self, reaper: Reaper, clock: Clock, hierarchy: Hierarchy | None, warnings: tuple[str, ...]
    ) -> None:
        self.reaper = reaper
        self.warnings = warnings
        self._clock = clock
        self._hierarchy = hierarchy
        self._runs = itertools.count()

    @property
    def kind(self) -> Literal["cgroup", "subreaper"]:
        return "subreaper" if self._hierarchy is None else "cgroup"

    @property
    def controllers(self) -> frozenset[str]:
        return frozenset() if self._hierarchy is None else self._hierarchy.controllers

    @property
    def cgroup_path(self) -> str:
        return "" if self._hierarchy is None else self._hierarchy.path

    def create(self, container_id: str, limits: Limits) -> RunBoundary:
        mark = marks.run_mark(self.reaper.agent_mark, next(self._runs))
        if self._hierarchy is None:
            return self._boundary(mark, None, unenforced(limits, ()))
        try:
            cgroup, warnings = self._hierarchy.create(container_id, limits)
        except OSError as exc:  # the mark holds the run all the same
            problem = f"cannot create a cgroup: {(exc.strerror or '').lower()}"
            return self._boundary(mark, None, (problem, *unenforced(limits, ())))
        return self._boundary(mark, cgroup, warnings)

    async def close(self) -> None:
        agent_mark = self.reaper.agent_mark
        everything = Census(
            self.reaper, lambda mark: marks.same_agent(mark, agent_mark), all_orphans=True
        )
        await everything.kill(self._clock, _KILL_SECONDS)
        if self._hierarchy is not None:
            self._hierarchy.close()
        self.reaper.close()

    def _boundary(self, mark: int, cgroup: Cgroup | None, warnings: tuple[str, ...]) -> RunBoundary:
        return RunBoundary(mark, self.reaper, self._clock, cgroup, warnings)


def choose_containment(
    reactor: Reactor,
    scheduler: Scheduler,
    clock: Clock,
    *,
    mode: Literal["auto", "cgroup", "subreaper"] = "auto",
    own_pids: tuple[int, ...] = (),
) -> HostContainment:
    """The best containment of this host; makes the agent a subreaper. In the main thread.

    `own_pids` are the agent's other processes (a helper launched early): they may have to move
    along. Mode "cgroup" raises OSError where there is none to be had.
    """
    reaper = Reaper(reactor, scheduler, marks.new_agent_mark())
    hierarchy: Hierarchy | None = None
    problem: tuple[str, ...] = ()
    if mode != "subreaper":
        try:
            hierarchy = _hierarchy(reactor, clock, (os.getpid(), *own_pids))
        except OSError as exc:
            if mode == "cgroup":
                raise
            problem = (f"no cgroups: {exc.strerror}; limits are not enforced",)
    reaper.start()
    warnings = problem if hierarchy is None else hierarchy.warnings
    return HostContainment(reaper, clock, hierarchy, warnings)


def _hierarchy(reactor: Reactor, clock: Clock, own_pids: tuple[int, ...]) -> Hierarchy:
    base = find_base(read("/proc/self/mountinfo"), read("/proc/self/cgroup"))
    if base is None:
        raise OSError(errno.EACCES, "no writable cgroup v2 directory")
    return Hierarchy(base, reactor, clock, own_pids)
