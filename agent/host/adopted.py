"""A main process that an earlier agent started, watched as if it were ours.

It is a child of init, or of ours after the agent has replaced itself; in both cases its pidfd says
when it ends, and `exit_code` how.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from agent.host import exit_code
from agent.host.containment import Boundary
from agent.host.process import Child, ExitStatus, start_time
from agent.host.reactor import READ, Reactor
from agent.host.reaper import Reaper
from agent.host.scheduler import Scheduler

_PAUSE = 0.05
_LOOKS = 40
_NO_PIDFD = -1


class Adopted(Child):
    """See `adopt_process`; has ended at once if the process has and its code can be told."""

    __slots__ = ("_looks", "_scheduler", "_started")

    def __init__(
        self,
        reactor: Reactor,
        scheduler: Scheduler,
        pid: int,
        started: int,
        pidfd: int,
        oom_killed: Callable[[], bool] | None,
    ) -> None:
        super().__init__(reactor, pid, pidfd, oom_killed=oom_killed)
        self.start_time = started
        self._scheduler = scheduler
        self._started = started
        self._looks = 0
        if exit_code.has_ended(pidfd):
            self.ready(READ)

    def ready(self, events: int) -> None:
        """The pidfd became readable: it has ended; or hung up: its parent has reaped it."""
        if self.status is not None:
            return
        # Asked before: what the kernel keeps for us is complete when the reaping is.
        reaped = exit_code.is_reaped(self.pidfd)
        status = exit_code.tell(self.pidfd, self.pid, self._started)
        if status is None and not reaped and self._looks < _LOOKS:
            self._look_again()
        else:
            self._end(status or exit_code.UNKNOWN)

    def _look_again(self) -> None:
        """It waits for its parent to reap it: the pidfd tells on new kernels, a timer on others."""
        self._reactor.modify(self.pidfd, 0)  # hanging up is told all the same
        self._looks += 1
        self._scheduler.call_later(_PAUSE, lambda: self.ready(READ))


class Vanished(Child):
    """A process that is gone without a trace: it has ended, nobody can tell how."""

    __slots__ = ()

    def __init__(self, pid: int, started: int) -> None:
        self.pid = pid
        self.pidfd = _NO_PIDFD
        self.start_time = started
        self.status: ExitStatus | None = exit_code.UNKNOWN

    def ready(self, events: int) -> None:
        """Nothing is registered."""


def adopt_process(
    reactor: Reactor,
    scheduler: Scheduler,
    pid: int,
    start_ticks: int,
    *,
    pidfd: int | None = None,
    oom_killed: Callable[[], bool] | None = None,
) -> Child:
    """Watch the process that had this pid and start time (`process.start_time`) in this boot.

    `pidfd` is one that was kept since its start, and is ours from now on: it tells of processes
    that ended long ago. A recycled pid is never adopted: the result has then ended, with a code
    that is not `known`. OSError: no free descriptors.
    """
    found = _identified(pid, start_ticks, pidfd)
    if found is None:
        return Vanished(pid, start_ticks)
    try:
        return Adopted(reactor, scheduler, pid, start_ticks, found, oom_killed)
    except OSError:
        os.close(found)
        raise


def adopt_main(
    reactor: Reactor,
    reaper: Reaper,
    boundary: Boundary,
    pid: int,
    start_ticks: int,
    pidfd: int | None,
) -> Child:
    """Adopt the main process of a fence, and keep the reaper away from it until it has ended."""
    child = adopt_process(
        reactor,
        reaper.scheduler,
        pid,
        start_ticks,
        pidfd=pidfd,
        oom_killed=boundary.oom_killed,
    )
    if not isinstance(child, Vanished):
        boundary.joined(pid)  # what it left behind in its session is the fence's
    if not child.exited:
        reaper.watched(pid, boundary.mark)
        child.on_exit(lambda _status: reaper.forget(pid))
    return child


def _identified(pid: int, start_ticks: int, kept: int | None) -> int | None:
    """A pidfd of the very process; None if there is none."""
    if kept is not None:
        if _is_meant(exit_code.pid_of(kept), pid, start_ticks):
            return kept
        os.close(kept)
    if pid <= 0 or not start_ticks:  # a record of a process that was never seen
        return None
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    # Asked while the pidfd is held: the pid cannot change hands between question and answer.
    if start_time(pid) == start_ticks:
        return pidfd
    os.close(pidfd)
    return None


def _is_meant(behind: int | None, pid: int, start_ticks: int) -> bool:
    """Whether the process behind a kept pidfd is the one: reaped, or the same in all respects."""
    return behind == -1 or (behind == pid and start_time(pid) in (start_ticks, 0))
