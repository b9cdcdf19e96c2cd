"""What was asked of the helper and is not answered yet."""

from __future__ import annotations

import asyncio
import errno
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from agent.host.containment import Boundary
from agent.host.deadlines import Deadlines
from agent.host.failure import spawn_error
from agent.host.process import Captured, Child, Command, SpawnError

if TYPE_CHECKING:
    from agent.host.wire import Message


class Captures(Protocol):
    """Who runs commands (agent.host.spawner)."""

    def cancel(self, running: Running) -> None:
        """Nobody wants its answer any more."""
        ...

    def overdue(self, running: Running) -> None:
        """It has not been answered in time."""
        ...


class Running:
    """A captured command that has not answered yet."""

    __slots__ = ("_owner", "command", "done", "id", "mark", "started_at", "watchdog")

    def __init__(
        self,
        owner: Captures,
        id_: int,
        command: Command,
        mark: int,
        done: Callable[[Captured], None],
        started_at: float,
    ) -> None:
        self._owner = owner
        self.id = id_
        self.command = command
        self.mark = mark
        self.done = done
        self.started_at = started_at
        self.watchdog: Deadlines | None = None

    def cancel(self) -> None:
        """Kill everything the command started; `done` will not be called. Harmless when over."""
        self._owner.cancel(self)

    def expire(self) -> None:
        """The watchdog's time is over."""
        self._owner.overdue(self)


class Birth:
    """A main process that is being started."""

    __slots__ = ("boundary", "command", "mark", "result")

    def __init__(self, command: Command, boundary: Boundary, mark: int) -> None:
        self.command = command
        self.boundary = boundary
        self.mark = mark
        self.result: asyncio.Future[Child] = asyncio.get_running_loop().create_future()


def fields(command: Command, mark: int, *, die: bool, tty: bool = False) -> Message:
    """A command as `wire.Spec` takes it; see there for `die` and `tty`."""
    user = command.user
    return (
        command.argv,
        dict(command.env),
        command.cwd,
        None if user is None else (user.uid, user.gid, user.groups),
        command.umask,
        command.rlimits,
        command.no_new_privs,
        command.cap_drop,
        mark,
        die,
        tty,
        tuple([(m.source, m.sub_path, m.target, m.flags) for m in command.mounts]),
    )


def captured(command: Command, message: Message) -> Captured:
    """How a command ended, from what the helper says (`wire.CAPTURED`)."""
    _, _, code, signum, timed_out, truncated, output, reason = message
    error = None
    if reason is not None:
        error = spawn_error(command.argv[0], command.cwd, reason)
        code = -1
    return Captured(
        code if code >= 0 else None, output, timed_out, error, truncated, signum or None
    )


def given(*fds: int | None) -> tuple[tuple[int, ...], int]:
    """The descriptors that there are, and a bit for each: see `given` in wire.py."""
    present = 0
    for index, fd in enumerate(fds):
        if fd is not None:
            present |= 1 << index
    return tuple([fd for fd in fds if fd is not None]), present


def pidfd_of(inside: Child | None, command: Command) -> int | None:
    """The descriptor that leads to the mounts of a main process (SpawnError: it has ended)."""
    if inside is None:
        return None
    if inside.exited:
        raise spawn_error(command.argv[0], command.cwd, ("inside", errno.ESRCH, ""))
    return inside.pidfd


def helper_died(command: Command) -> SpawnError:
    """Nobody will answer."""
    return spawn_error(command.argv[0], command.cwd, ("helper", 0, "the spawner process died"))


def kill_unwanted(result: asyncio.Future[Child]) -> None:
    """Nobody waits for this process any more."""
    if result.exception() is None:
        result.result().signal(signal.SIGKILL)
