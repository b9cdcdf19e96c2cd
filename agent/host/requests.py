"""What was asked of the helper and is not answered yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agent.host.containment import Boundary
from agent.host.process import Captured, Child, Command
from agent.host.scheduler import Timer


class Running:
    """A captured command that has not answered yet."""

    __slots__ = ("_cancel", "command", "done", "id", "mark", "started_at", "watchdog")

    def __init__(
        self,
        cancel: Callable[[Running], None],
        id_: int,
        command: Command,
        mark: int,
        done: Callable[[Captured], None],
        started_at: float,
    ) -> None:
        self._cancel = cancel
        self.id = id_
        self.command = command
        self.mark = mark
        self.done = done
        self.started_at = started_at
        self.watchdog: Timer | None = None

    def cancel(self) -> None:
        """Kill everything the command started; `done` will not be called. Harmless when over."""
        self._cancel(self)


class Birth:
    """A main process that is being started."""

    __slots__ = ("boundary", "command", "mark", "result")

    def __init__(self, command: Command, boundary: Boundary, mark: int) -> None:
        self.command = command
        self.boundary = boundary
        self.mark = mark
        self.result: asyncio.Future[Child] = asyncio.get_running_loop().create_future()
