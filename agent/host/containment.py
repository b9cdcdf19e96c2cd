"""How does the host make sure that nothing outlives its container?

Two means, used together where possible: a cgroup per run, which the kernel kills as one; and the
run's mark (marks.py), with the agent as subreaper of everything, which needs no privilege and also
finds what moved itself to another cgroup.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from agent.host import marks
from agent.host.census import Census
from agent.host.cgroup import Cgroup, Hierarchy, find_base, lasting_place
from agent.host.cgroup_files import read
from agent.host.clock import Clock
from agent.host.limits import Limits, unenforced
from agent.host.reactor import Reactor
from agent.host.reaper import Reaper
from agent.host.roll import Roll
from agent.host.run_boundary import KILL_SECONDS
from agent.host.run_boundary import RunBoundary as RunBoundary
from agent.host.scheduler import Scheduler

if TYPE_CHECKING:
    from agent.host.strangers import Stranger


class Lasting(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent of a state directory leaves to the next, so that fences outlive it.

    All of them go on under one `agent_mark` (0: there was none yet). `cgroup_path` is the directory
    above all fences, or empty. `next_run` numbers the runs; one that lags behind does no harm:
    runs that are adopted or found as strangers are passed over.
    """

    agent_mark: int = 0
    cgroup_path: str = ""
    next_run: int = 0


class Boundary(Protocol):
    """The fence around one run of one container: everything it starts stays inside."""

    @property
    def mark(self) -> int:
        """What the marks of all processes of the run have in common (see marks.py)."""
        ...

    @property
    def cgroup(self) -> str:
        """The path of the run's cgroup; empty without one. An `adopt` wants it, and the mark."""
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
        """A mark that nothing else of the run gets: others may come again after some thousands.

        Even this one may, after 4096 more of its kind.
        """
        ...

    def joined(self, pid: int) -> None:
        """A process was started inside: its session belongs to the run from now on."""
        ...

    def main_ended(self, pid: int) -> None:
        """Nothing more is started inside: `anybody` and `kill` may share looks with other ends."""
        ...

    async def anybody(self) -> bool:
        """Whether any process of the run lives; cheap for many that end together."""
        ...

    def pids(self) -> frozenset[int]:
        """All living processes of the run, its commands included."""
        ...

    def counted(self) -> frozenset[int]:
        """The same for those who measure: cheap, as of a second ago at most, by cgroup or mark."""
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

    @property
    def lasting(self) -> Lasting:
        """What the next agent needs; to be kept before anything is started."""
        ...

    def adopt(self, container_id: str, mark: int, cgroup: str, limits: Limits) -> Boundary:
        """The fence of a run that an earlier agent started, from its `mark` and `cgroup`.

        Its processes are no descendants of this agent and are looked for on the whole host. If the
        cgroup is gone, or is not that of `container_id`, the mark alone tells them.
        """
        ...

    def house(self, pid: int) -> None:
        """Let a helper of the agent live where the fences do, so that it may outlive the agent."""
        ...

    async def end_strangers(self) -> tuple[Stranger, ...]:
        """SIGKILL what earlier agents left and what belongs to no fence; after all are adopted."""
        ...

    async def close(self, *, detach: bool = False) -> None:
        """Kill everything that is left in any fence, and remove the traces.

        `detach` leaves everything as it is, for the next agent.
        """
        ...


class HostContainment:
    """Makes the fences of one agent; see `choose_containment`."""

    __slots__ = (
        "_boundaries",
        "_clock",
        "_hierarchy",
        "_is_lasting",
        "_next_run",
        "_roll",
        "reaper",
        "warnings",
    )

    def __init__(
        self,
        reaper: Reaper,
        clock: Clock,
        hierarchy: Hierarchy | None,
        warnings: tuple[str, ...],
        next_run: int | None = None,
    ) -> None:
        """`next_run` None: no fence outlives the agent."""
        self.reaper = reaper
        self.warnings = warnings
        self._clock = clock
        self._roll = Roll(reaper.agent_mark, clock)
        self._hierarchy = hierarchy
        self._is_lasting = next_run is not None
        self._next_run = next_run or 0
        self._boundaries: dict[int, RunBoundary] = {}

    @property
    def kind(self) -> Literal["cgroup", "subreaper"]:
        return "subreaper" if self._hierarchy is None else "cgroup"

    @property
    def controllers(self) -> frozenset[str]:
        return frozenset() if self._hierarchy is None else self._hierarchy.controllers

    @property
    def cgroup_path(self) -> str:
        return "" if self._hierarchy is None else self._hierarchy.path

    @property
    def lasting(self) -> Lasting:
        return Lasting(
            agent_mark=self.reaper.agent_mark,
            cgroup_path=self.cgroup_path,
            next_run=self._next_run,
        )

    def create(self, container_id: str, limits: Limits) -> RunBoundary:
        mark = self._new_run()
        if self._hierarchy is None:
            return self._boundary(mark, None, unenforced(limits, ()))
        try:
            cgroup, warnings = self._hierarchy.create(container_id, limits)
        except OSError as exc:  # the mark holds the run all the same
            problem = f"cannot create a cgroup: {(exc.strerror or '').lower()}"
            return self._boundary(mark, None, (problem, *unenforced(limits, ())))
        return self._boundary(mark, cgroup, warnings)

    def adopt(self, container_id: str, mark: int, cgroup: str, limits: Limits) -> RunBoundary:
        mark = marks.run_of(mark)
        self._pass_over(mark)
        found = None
        if self._hierarchy is not None and cgroup:
            found = self._hierarchy.adopt(container_id, cgroup, limits)
        return self._boundary(mark, found, (), adopted=True)  # warned of when it was made

    def house(self, pid: int) -> None:
        if self._hierarchy is not None and self._is_lasting:
            self._hierarchy.house(pid)

    async def end_strangers(self) -> tuple[Stranger, ...]:
        from agent.host.strangers import Strangers  # not on the way of a foreground run

        runs = {mark: boundary.cgroup for mark, boundary in self._boundaries.items()}
        strangers = Strangers(
            self.reaper.agent_mark,
            self.cgroup_path,
            runs=runs,
            pids={os.getpid(), *self.reaper.helpers()},
        )
        ended = await strangers.end(self._clock)
        for stranger in ended:
            if marks.same_agent(stranger.mark, self.reaper.agent_mark):
                self._pass_over(stranger.mark)
        if self._hierarchy is not None:
            self._hierarchy.remove_others(
                {boundary.cgroup for boundary in self._boundaries.values()}
            )
        return ended

    async def close(self, *, detach: bool = False) -> None:
        if detach:
            for boundary in self._boundaries.values():
                boundary.detach()
        else:
            await self._kill_all()
        self.reaper.close()

    async def _kill_all(self) -> None:
        agent_mark = self.reaper.agent_mark
        everything = Census(
            self.reaper,
            lambda mark: marks.same_agent(mark, agent_mark),
            all_orphans=True,
            roll=self._roll if self._is_lasting else None,
        )
        await everything.kill(self._clock, KILL_SECONDS)
        if self._hierarchy is not None:
            self._hierarchy.close()

    def _new_run(self) -> int:
        """The mark of a run that no other living one has: numbers wrap after 2^24."""
        while True:
            mark = marks.run_mark(self.reaper.agent_mark, self._next_run)
            self._next_run += 1
            if mark not in self._boundaries:
                return mark

    def _pass_over(self, mark: int) -> None:
        """This number is taken."""
        self._next_run = max(self._next_run, marks.run_number(mark) + 1)

    def _boundary(
        self, mark: int, cgroup: Cgroup | None, warnings: tuple[str, ...], *, adopted: bool = False
    ) -> RunBoundary:
        boundary = RunBoundary(
            mark,
            self.reaper,
            self._clock,
            cgroup,
            warnings,
            closed=lambda mark: self._boundaries.pop(mark, None),
            roll=self._roll,
            adopted=adopted,
        )
        self._boundaries[mark] = boundary
        return boundary


def choose_containment(
    reactor: Reactor,
    scheduler: Scheduler,
    clock: Clock,
    *,
    mode: Literal["auto", "cgroup", "subreaper"] = "auto",
    own_pids: tuple[int, ...] = (),
    lasting: Lasting | None = None,
    base: str = "",
) -> HostContainment:
    """The best containment of this host; makes the agent a subreaper. In the main thread.

    `own_pids` are the agent's other processes (a helper launched early): they may have to move
    along. Mode "cgroup" raises OSError where there is none to be had.

    `lasting` makes fences that the next agent can adopt, and is what the last one left of them.
    Such fences are put below the cgroup directory `base` (see scope.py); empty: the agent's own.
    """
    left = lasting or Lasting()
    reaper = Reaper(reactor, scheduler, left.agent_mark or marks.new_agent_mark())
    hierarchy: Hierarchy | None = None
    problem: tuple[str, ...] = ()
    if mode != "subreaper":
        try:
            name = None if lasting is None else f"barepod-pods-{reaper.agent_mark:x}"
            place, name = _place(base, left.cgroup_path, name)
            hierarchy = Hierarchy(place, reactor, clock, (os.getpid(), *own_pids), name)
        except OSError as exc:
            if mode == "cgroup":
                raise
            problem = (f"no cgroups: {exc.strerror}; limits are not enforced",)
    reaper.start()
    warnings = problem if hierarchy is None else hierarchy.warnings
    next_run = None if lasting is None else left.next_run
    return HostContainment(reaper, clock, hierarchy, warnings, next_run)


def _place(base: str, recorded: str, name: str | None) -> tuple[str, str | None]:
    """Where the hierarchy belongs, as (directory, name below it or None) (OSError: nowhere)."""
    place = base or find_base(read("/proc/self/mountinfo"), read("/proc/self/cgroup")) or ""
    if name is not None:
        place, name = lasting_place(recorded, place, name)
    if not place:
        raise OSError(errno.EACCES, "no writable cgroup v2 directory")
    return place, name
