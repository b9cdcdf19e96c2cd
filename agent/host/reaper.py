"""Who collects the exit status of a process that was orphaned inside a container?

The agent is the subreaper of everything below it, so orphans become its children. Mains are reaped
by their `Child` through the pidfd; everyone else here, when SIGCHLD says that somebody ended: by
pid, and only such as surely came from a container. `waitpid(-1)` would steal other people's exits.
"""

from __future__ import annotations

import _ctypes
import os
import signal
from collections.abc import Collection, Iterable, Set

from agent.host import descendants, marks
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler, Timer
from agent.host.sight import Shared, Sight, Watched

_PR_SET_CHILD_SUBREAPER = 36
_PAUSE = 0.01


class Reaper:
    """Knows the agent's children: mains and helpers by pid, the rest are adopted orphans."""

    __slots__ = (
        "_expected",
        "_orphans",
        "_reactor",
        "_timer",
        "_watched",
        "agent_mark",
        "below",
        "scheduler",
        "session",
    )

    def __init__(self, reactor: Reactor, scheduler: Scheduler, agent_mark: int) -> None:
        self.agent_mark = agent_mark
        self._reactor = reactor
        self.scheduler = scheduler
        self._watched = Watched()
        self._expected: dict[int, int] = {}
        #: Marks of children that nobody watches: such a pid is theirs until it is reaped here.
        self._orphans: dict[int, int] = {}
        #: The agent's own session; what came from a container has another one.
        self.session = os.getsid(0)
        #: The topmost of those below this process: mains, orphans, the helper's commands.
        self.below = Shared(self._look_below)
        self._timer: Timer | None = None

    def start(self) -> None:
        """Adopt orphans from now on; in the main thread (SIGCHLD)."""
        _adopt(1)
        self._reactor.on_signal(signal.SIGCHLD, self.look_soon)

    def close(self) -> None:
        """Collect once more, then adopt nobody any more."""
        self._reactor.forget_signal(signal.SIGCHLD)
        if self._timer is not None:
            self._timer.cancel()
        self.look()
        _adopt(0)

    def watched(self, pid: int, mark: int = 0) -> None:
        """Somebody else reaps this child; `mark` is that of its run, 0 for a helper."""
        self._watched.add(pid, mark)
        self._orphans.pop(pid, None)

    def forget(self, pid: int) -> None:
        """The child has been reaped."""
        self._watched.discard(pid)

    def expect(self, mark: int) -> None:
        """A child with this mark is being born: do not take it for an orphan."""
        self._expected[mark] = self._expected.get(mark, 0) + 1

    def expect_no_more(self, mark: int) -> None:
        """It was born and is `watched`, or it never will be."""
        left = self._expected.pop(mark) - 1
        if left:
            self._expected[mark] = left
        else:
            self.look_soon()

    def helpers(self) -> Collection[int]:
        """Watched children that belong to no run."""
        return self._watched.run(0)

    def orphans(self) -> list[int]:
        """Children that came from containers, ended ones included."""
        return [pid for pid in self._unwatched(self._children()) if self._is_orphan(pid)]

    def look_soon(self) -> None:
        """Somebody may have ended; mains are reaped by their owners meanwhile."""
        if self._timer is None:
            self._timer = self.scheduler.call_later(_PAUSE, self.look)

    def look(self) -> None:
        """Reap the orphans that have ended."""
        self._timer = None
        if not descendants.can_look():
            self.look_soon()
            return
        self.reap(self.orphans())

    def reap(self, pids: Iterable[int]) -> None:
        """Reap those of them that are ended children of ours and that nobody watches."""
        for pid in pids:
            if pid in self._watched or (self._expected and self.mark_of(pid) in self._expected):
                continue
            try:
                reaped = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG) is not None
            except ChildProcessError:
                reaped = True
            if reaped:
                self._orphans.pop(pid, None)

    def mark_of(self, pid: int) -> int:
        """The mark of this agent that a child bears, or that it bore when it was first seen.

        0: another one, or none.
        """
        mark = self._watched.mark(pid) or self._orphans.get(pid)
        if mark is not None:
            return mark
        mark = marks.read_mark(pid)
        return mark if marks.same_agent(mark, self.agent_mark) else 0

    def _children(self) -> Set[int]:
        """All children of this process."""
        return frozenset(descendants.children_of_leader(os.getpid()))

    def _unwatched(self, children: Set[int]) -> Set[int]:
        """Those that nobody looks after; the marks of new ones are remembered."""
        found = self._watched.without(children)
        marked = ((pid, self.mark_of(pid)) for pid in found)
        self._orphans = {pid: mark for pid, mark in marked if mark}
        return found

    def _look_below(self) -> Sight:
        children = self._children()
        sight = Sight(self._watched, children)
        for pid in self._unwatched(children):
            if mark := self._orphans.get(pid):
                sight.add(pid, mark)
            elif (now := descendants.stat(pid)) is not None:
                sight.stray(pid, now.session)
        for helper in self.helpers():
            for command in descendants.children_of_leader(helper):
                if marks.same_agent(bears := marks.read_mark(command), self.agent_mark):
                    sight.add(command, bears)
        return sight

    def _is_orphan(self, pid: int) -> bool:
        """Whether an unwatched child came from a container; what we start shares our session."""
        mark = self._orphans.get(pid)
        if mark is not None:
            return mark not in self._expected
        now = descendants.stat(pid)
        return now is not None and now.session != self.session


def _adopt(flag: int) -> None:
    # Without the module around it, which costs a start 1 ms.
    prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]  # ourselves
    _ctypes.call_function(prctl, (_PR_SET_CHILD_SUBREAPER, flag, 0, 0, 0))
