"""A command that is run again and again: what does not change is made once.

A probe runs the same command in the same place each time. The helper recognises what it has had
before (`Helper._known`), so that neither end takes an environment apart for each run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from agent.host import requests, wire
from agent.host.containment import Boundary
from agent.host.deadlines import Deadlines
from agent.host.outstanding import Outstanding
from agent.host.process import Captured, Child, Command, SpawnError
from agent.host.requests import Running
from agent.host.scheduler import Scheduler

if TYPE_CHECKING:
    from agent.host.wire import Message

#: Seconds that the helper has in order to tell of a timeout.
_GRACE = 1.0
_NONE: tuple[tuple[int, ...], int] = ((), 0)


class Owner(requests.Captures, Protocol):
    """Who talks to the helper (agent.host.spawner)."""

    def send(self, command: Command, message: Message, fds: tuple[int, ...]) -> None:
        """Send a request (SpawnError)."""
        ...


class Prepared:
    """Made by `Spawner.prepare`; `inside` is the main process whose mounts the command sees."""

    __slots__ = (
        "_boundary",
        "_command",
        "_fixed",
        "_inside",
        "_outstanding",
        "_owner",
        "_scheduler",
        "_watchdog",
    )

    def __init__(
        self,
        owner: Owner,
        outstanding: Outstanding,
        scheduler: Scheduler,
        command: Command,
        boundary: Boundary,
        inside: Child | None,
    ) -> None:
        self._owner = owner
        self._outstanding = outstanding
        self._scheduler = scheduler
        self._command = command
        self._boundary = boundary
        self._inside = inside
        # It dies with the helper, its parent.
        self._fixed = wire.dumps(requests.fields(command, 0, die=True))
        self._watchdog: Deadlines | None = None  # the one needed last

    def run(self, timeout: float | None, done: Callable[[Captured], None]) -> Running:
        """See `Spawner.capture`."""
        outstanding, boundary, command = self._outstanding, self._boundary, self._command
        now, mark = self._scheduler.time(), boundary.new_mark()
        running = Running(self._owner, outstanding.next_id(), command, mark, done, now)
        outstanding.add(running)
        try:
            has_none = self._inside is None and not boundary.limited
            fds, present = _NONE if has_none else self._given()
            careful = outstanding.is_suspect(command.argv[0])
            message = (wire.CAPTURE, running.id, self._fixed, present, timeout, careful, mark)
            self._owner.send(command, message, fds)
        except SpawnError as exc:
            failed = Captured(None, error=exc)
            self._scheduler.call_later(0, lambda: outstanding.answer(running.id, failed))
            return running
        if timeout is not None:
            watchdog = self._watchdog
            if watchdog is None or watchdog.seconds != timeout + _GRACE:
                self._watchdog = watchdog = self._scheduler.deadlines(timeout + _GRACE)
            running.watchdog = watchdog
            watchdog.add(running, now)
        return running

    def _given(self) -> tuple[tuple[int, ...], int]:
        """The descriptors that go with it, as `wire` has them (SpawnError: there is no inside)."""
        boundary = self._boundary
        cgroup_fd = boundary.cgroup_fd if boundary.limited else None
        mounts = requests.pidfd_of(self._inside, self._command)
        return requests.given(None, None, None, cgroup_fd, mounts)
