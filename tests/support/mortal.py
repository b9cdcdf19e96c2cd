"""An agent in a process of its own, to be killed: its mains are to outlive it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.host import descendants, marks, wire
from agent.host.clock import SystemClock
from agent.host.keeper import Taken, take_over
from agent.host.process import start_time
from agent.host.reactor import Reactor

AGENT = """
import asyncio, json, sys
from agent.host import event_loop
from tests.support.children import *

async def main(keeper, script):
    async with running_host("subreaper", die_with_agent=False, keeper=keeper) as host:
        boundary = host.boundary()
        child = await host.shell(script, boundary)
        host.spawner.keep("c1", {"pidfd": child.pidfd})
        await more(host, boundary)
        assert await host.spawner.check_kept() == ""
        print(json.dumps({"main": child.pid, "started": child.start_time,
            "helper": host.spawner.helper_pid, "mark": boundary.mark}), flush=True)
        await asyncio.sleep(1000)

async def more(host, boundary):
    pass
"""


@dataclass(frozen=True)
class Mortal:
    """A running agent with one main process, which it has given to its keeper as "c1"."""

    process: asyncio.subprocess.Process
    main: int
    started: int
    helper: int
    mark: int

    async def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        await self.process.wait()

    def left(self) -> list[int]:
        """Whatever lives of what it started."""
        return list(
            descendants.alive(
                pid
                for pid in descendants.everyone()
                if marks.same_agent(marks.read_mark(pid), self.mark)
            )
        )


@asynccontextmanager
async def mortal(keeper: Path, script: str, more: str = "") -> AsyncIterator[Mortal]:
    """Start one; `more` may define `async def more(host, boundary)`. Nothing of it is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"{AGENT}{more}\nevent_loop.run(main(*sys.argv[1:]))",
        str(keeper),
        script,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = json.loads(await process.stdout.readline())
    agent = Mortal(process, **said)
    try:
        yield agent
    finally:
        if process.returncode is None:
            await agent.kill()
        await _end(agent)


async def _end(agent: Mortal) -> None:
    helper = start_time(agent.helper)
    while True:
        left = agent.left()
        if helper and start_time(agent.helper) == helper and _lives(agent.helper):
            left.append(agent.helper)
        if not left:
            return
        for pid in left:
            descendants.send(pid, signal.SIGKILL, lambda _pid: True)
        await asyncio.sleep(0.01)


def _lives(pid: int) -> bool:
    return bool(descendants.alive([pid]))


@contextmanager
def a_reactor() -> Iterator[Reactor]:
    """What an agent needs to take over, without anything else of an agent."""
    reactor = Reactor()
    try:
        yield reactor
    finally:
        reactor.close()


async def taken_from(keeper: Path) -> Taken:
    """What the keepers have."""
    with a_reactor() as reactor:
        return await take_over(str(keeper), reactor, SystemClock())


def keepers(keeper: Path) -> list[str]:
    """The sockets of keepers and helpers."""
    return sorted(place.name for place in keeper.parent.iterdir())


def let_go(taken: Taken) -> None:
    """Close what was kept, and hang up."""
    for fds in taken.kept.values():
        wire.close_all(tuple(fds.values()))
    taken.close()
