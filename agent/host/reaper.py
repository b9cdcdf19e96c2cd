"""Who collects the exit status of a process that was orphaned inside a container?

The agent is the subreaper of everything below it, so orphans become its children. Mains are reaped
by their `Child` through the pidfd; everyone else here, when SIGCHLD says that somebody ended: by
pid, and only such as surely came from a container. `waitpid(-1)` would steal other people's exits.
"""

from __future__ import annotations

import _ctypes
import os
import signal
from collections.abc import Iterable

from agent.host import descendants, marks
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler, Timer
from agent.host.sight import Shared, Sight

_PR_SET_CHILD_SUBREAPER = 36
_PAUSE = 0.01


class Reaper:
    """Knows the agent's children: mains and helpers by pid, the rest are adopted orphans."""

    __slots__ = (
        "_expected",
        "_known",
        "_orphans",
        "_reactor",
        "_timer",
        "agent_mark",
        "below",
        "scheduler",
        "session",
    )

    def __init__(self, reactor: Reactor, scheduler: Scheduler, agent_mark: int) -> None:
        self.agent_mark = agent_mark
        self._reactor = reactor
        self.scheduler = scheduler
        self._known: dict[int, int] = {}
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
        self._known[pid] = mark
        self._orphans.pop(pid, None)

    def forget(self, pid: int) -> None:
        """The child has been reaped."""
        self._known.pop(pid, None)

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

    def known(self) -> dict[int, int]:
        """Watched children and their marks."""
        return self._known

    def orphans(self) -> list[int]:
        """Children that came from containers, ended ones included."""
        return [pid for pid in self._children() if self._is_orphan(pid)]

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
            if pid in self._known or (self._expected and self.mark_of(pid) in self._expected):
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
        mark = self._known.get(pid) or self._orphans.get(pid)
        if mark is not None:
            return mark
        mark = marks.read_mark(pid)
        return mark if marks.same_agent(mark, self.agent_mark) else 0

    def _children(self) -> list[int]:
        """All children of this process; the marks of new orphans are remembered."""
        found = descendants.children_of_leader(os.getpid())
        marked = ((pid, self.mark_of(pid)) for pid in found if pid not in self._known)
        self._orphans = {pid: mark for pid, mark in marked if mark}
        return found

    def _look_below(self) -> Sight:
        sight = Sight()
        for pid in self._children():
            mark = self._known.get(pid, self._orphans.get(pid))
            if mark:
                sight.add(pid, mark)
            elif mark == 0:
                for command in descendants.children_of_leader(pid):
                    if marks.same_agent(bears := marks.read_mark(command), self.agent_mark):
                        sight.add(command, bears)
            elif (now := descendants.stat(pid)) is not None:
                sight.stray(pid, now.session)
        return sight

    def _is_orphan(self, pid: int) -> bool:
        """Whether a child came from a container; what this process starts shares our session."""
        if pid in self._known:
            return False
        mark = self._orphans.get(pid)
        if mark is not None:
            return mark not in self._expected
        now = descendants.stat(pid)
        return now is not None and now.session != self.session


def _adopt(flag: int) -> None:
    # Without the module around it, which costs a start 1 ms.
    prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]  # ourselves
    _ctypes.call_function(prctl, (_PR_SET_CHILD_SUBREAPER, flag, 0, 0, 0))
