"""Real engines for integration tests of handlers, and a check that nothing is left in them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.action import runner
from agent.action.handler import Handler
from agent.action.resolve import Resolver
from agent.action.result import ActionResult, Outcome
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler

_BOUND = 15.0


@dataclass(frozen=True, slots=True)
class RealEngines:
    """A reactor, a scheduler and a resolver in the running loop."""

    reactor: Reactor
    scheduler: Scheduler
    resolver: Resolver

    async def outcome(self, handler: Handler, seconds: float = 5.0) -> ActionResult:
        """Execute once, as a probe worker does."""
        async with asyncio.timeout(_BOUND):
            return await runner.run(handler, seconds, self.scheduler)


@contextmanager
def real_engines() -> Iterator[RealEngines]:
    """Engines that must be without descriptors of their own at the end."""
    engines = RealEngines(Reactor(), Scheduler(), Resolver())
    try:
        with no_new_descriptors():
            yield engines
    finally:
        engines.scheduler.close()
        engines.reactor.close()


@contextmanager
def no_new_descriptors() -> Iterator[None]:
    """What is opened inside must be closed inside; servers in threads get a moment for that."""
    before = _descriptors()
    yield
    deadline = time.monotonic() + 5
    while (left := _descriptors() - before) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not left, f"left open: {[Path(f'/proc/self/fd/{fd}').readlink() for fd in left]}"


def failed(text: str) -> ActionResult:
    """A failure with this text."""
    return ActionResult(Outcome.FAILURE, text)


def _descriptors() -> set[int]:
    listed = {int(entry.name) for entry in Path("/proc/self/fd").iterdir()}
    return {fd for fd in listed if Path(f"/proc/self/fd/{fd}").is_symlink()}
