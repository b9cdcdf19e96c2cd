"""One live run of a container on this machine: its main process and all that it starts."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from agent.action import runner
from agent.action.handler import Handler, Role, Target
from agent.action.runner import Engines
from agent.host.clock import Clock
from agent.host.containment import Boundary
from agent.host.process import Child, ExitStatus
from agent.host.streams import Streams
from agent.host.turns import Turns
from agent.model.container import Container
from agent.model.handler import LifecycleHandler, ProbeHandler
from agent.pod.access import RunAccess
from agent.pod.facts import Ended
from agent.pod.message import TerminationMessage
from agent.rules.container_status import CONTAINER_STATUS_UNKNOWN, LOST_WHEN_TERMINATED
from agent.store.records import Trace

_COMPLETED, _ERROR, _OOM_KILLED = "Completed", "Error", "OOMKilled"
_TIDY_AFTER = 0.05
_FIRST_LOOK = 0.005
_LAST_LOOK = 0.2


class InstanceParts(msgspec.Struct, frozen=True, kw_only=True):
    """What one run consists of.

    `trace` is what the next agent needs to take it over, if the run is to outlive this one; then
    `settle` lets go of what was kept for that, once its end is written down.
    """

    container_id: str
    container: Container
    target: Target
    child: Child
    boundary: Boundary
    streams: Streams
    engines: Engines
    clock: Clock
    stop_signal: int
    message: TerminationMessage
    access: RunAccess
    turns: Turns
    trace: Trace | None = None
    settle: Callable[[], Awaitable[None]] | None = None


class HostInstance:
    """Watches over one run until nothing of it is left.

    While nobody asked it to stop, whatever the main process leaves behind is killed at once. While
    a stop's grace lasts, what it leaves behind gets the stop signal too and may finish.
    """

    def __init__(self, parts: InstanceParts) -> None:
        self._parts = parts
        self._deadline: float | None = None
        self._finished_at: datetime | None = None
        self._killed = False
        self._ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()

    @property
    def container_id(self) -> str:
        return self._parts.container_id

    @property
    def target(self) -> Target:
        return self._parts.target

    @property
    def access(self) -> RunAccess:
        return self._parts.access

    @property
    def trace(self) -> Trace | None:
        return self._parts.trace

    def probe(self, handler: ProbeHandler) -> Handler:
        return runner.prepare(handler, self.target, Role.PROBE, self._parts.engines)

    def hook(self, handler: LifecycleHandler) -> Handler:
        return runner.prepare(handler, self.target, Role.LIFECYCLE, self._parts.engines)

    async def watch(self) -> Ended:
        """Wait for the end, clean up, describe it; the owner of the run keeps this going.

        May be called again after it was cancelled.
        """
        status = await self._parts.child.wait()
        if self._finished_at is None:
            self._finished_at = self._parts.clock.now()
        self._parts.boundary.main_ended(self._parts.child.pid)
        self._parts.access.end_sessions()
        await self._parts.turns.take()
        await self._sweep()
        ended = await self._describe(status, self._finished_at)
        self._parts.streams.close()
        if not self._ended.done():
            self._ended.set_result(ended)
        return ended

    async def settle(self) -> None:
        """The end has become a fact: let go of what the next agent would have asked for it."""
        if self._parts.settle is not None:
            await self._parts.settle()

    async def ended(self) -> Ended:
        return await asyncio.shield(self._ended)

    async def stop(self, grace: float) -> None:
        clock = self._parts.clock
        self._deadline = clock.monotonic() + grace
        self._parts.child.signal(self._parts.stop_signal)
        await asyncio.wait([self._ended], timeout=grace)
        if not self._ended.done():
            self.kill()
            await self.ended()

    def kill(self) -> None:
        self._killed = True
        self._parts.child.signal(signal.SIGKILL)
        self._parts.boundary.signal(signal.SIGKILL)

    def pids(self) -> frozenset[int]:
        return self._parts.boundary.counted()

    async def _sweep(self) -> None:
        """Let nothing of the run outlive it."""
        boundary = self._parts.boundary
        if self._deadline is not None and not self._killed and await boundary.anybody():
            boundary.signal(self._parts.stop_signal)
            await self._linger(self._deadline)
        survivors = await boundary.kill()
        if survivors:
            self._parts.streams.capture.abandon()
        # Nothing is left inside: taking the fence down can wait until a successor has started.
        self._parts.engines.machine.scheduler.call_later(_TIDY_AFTER, boundary.close)

    async def _linger(self, deadline: float) -> None:
        """What the main process left behind may finish while the grace lasts.

        The kernel tells nobody when the last of several strangers ends, so look, ever less often.
        """
        clock, pause = self._parts.clock, _FIRST_LOOK
        while (
            await self._parts.boundary.anybody()
            and not self._killed
            and clock.monotonic() < deadline
        ):
            await clock.sleep(min(pause, max(deadline - clock.monotonic(), 0)))
            pause = min(pause * 2, _LAST_LOOK)

    async def _describe(self, status: ExitStatus, finished_at: datetime) -> Ended:
        reason = _OOM_KILLED if status.oom_killed else _ERROR if status.code else _COMPLETED
        message = await self._parts.message.read(status.code, reason)
        if not status.known:  # it ended while no agent was there to see it
            reason, message = CONTAINER_STATUS_UNKNOWN, message or LOST_WHEN_TERMINATED
        return Ended(exit_code=status.code, finished_at=finished_at, reason=reason, message=message)
