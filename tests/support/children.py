"""Processes for tests: how to start them, what nasty ones do, and how to wait for facts."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.host import descendants
from agent.host.clock import SystemClock
from agent.host.containment import (
    HostContainment,
    Lasting,
    RunBoundary,
    choose_containment,
)
from agent.host.limits import Limits
from agent.host.process import Child, Command
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.host.spawner import Captured, Spawner

PATH = "/usr/local/bin:/usr/bin:/bin"
Mode = Literal["cgroup", "subreaper"]

#: Leaves a grandchild in a session of its own, without environment, and goes on.
ESCAPEE = "setsid -f env -i /bin/sleep 1000"

#: Starts a process whose every ancestor has gone before it does anything.
DOUBLE_FORK = "(setsid sh -c 'sleep 1000 & exit' &)"


@dataclass(frozen=True)
class Host:
    """The process machinery of one agent; `again`: main processes are started as at a restart."""

    reactor: Reactor
    scheduler: Scheduler
    clock: SystemClock
    containment: HostContainment
    spawner: Spawner
    again: bool = False

    def boundary(self, name: str = "c1", limits: Limits | None = None) -> RunBoundary:
        """A fence for a container."""
        return self.containment.create(name, limits or Limits())

    async def spawn(
        self,
        command: Command,
        boundary: RunBoundary,
        *,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        tty: bool = False,
    ) -> Child:
        """A main process; see `Spawner.spawn`."""
        return await self.spawner.spawn(
            command,
            boundary,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            controlling_tty=tty,
            again=self.again,
        )

    async def shell(
        self, script: str, boundary: RunBoundary, *, stdout: int | None = None
    ) -> Child:
        """A main process that is a shell script."""
        return await self.spawn(sh(script), boundary, stdout=stdout)

    async def output(self, command: Command, boundary: RunBoundary) -> str:
        """What a main process printed until it ended."""
        reading, writing = os.pipe()
        try:
            child = await self.spawn(command, boundary, stdout=writing, stderr=writing)
        finally:
            os.close(writing)
        await child.wait()
        with os.fdopen(reading, encoding="utf-8") as file:
            return file.read()

    async def capture(
        self, command: Command, boundary: RunBoundary, seconds: float | None = 10.0
    ) -> Captured:
        """Run a command to its end, for so long at most."""
        done: asyncio.Future[Captured] = asyncio.get_running_loop().create_future()
        self.spawner.capture(command, boundary, seconds, done.set_result)
        return await done


@asynccontextmanager
async def running_host(
    mode: Mode,
    *,
    die_with_agent: bool = True,
    keeper: str | None = None,
    lasting: Lasting | None = None,
    base: str = "",
    again: bool = False,
) -> AsyncIterator[Host]:
    """An agent's process machinery, taken down in the end (OSError: no cgroups here)."""
    reactor, scheduler, clock = Reactor(), Scheduler(), SystemClock()
    containment = choose_containment(
        reactor, scheduler, clock, mode=mode, lasting=lasting, base=base
    )
    spawner = Spawner(
        reactor, scheduler, clock, containment, die_with_agent=die_with_agent, keeper=keeper
    )
    await spawner.start()
    try:
        yield Host(reactor, scheduler, clock, containment, spawner, again)
    finally:
        await containment.close()
        await spawner.close()
        scheduler.close()
        reactor.close()


@contextmanager
def no_descriptors() -> Iterator[None]:
    """This process has none left meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def sh(script: str) -> Command:
    """A shell script."""
    return Command(argv=("sh", "-c", script), env={"PATH": PATH})


def python(code: str) -> Command:
    """A Python program."""
    return Command(argv=(sys.executable, "-I", "-S", "-c", code), env={"PATH": PATH})


async def until(fact: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until the machine agrees."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


def runs(pid: int) -> bool:
    """Whether the process is there and not a zombie."""
    return bool(descendants.alive([pid]))


def zombies() -> list[int]:
    """Our children that ended and were not reaped."""
    found = []
    for pid in descendants.children(os.getpid()):
        now = descendants.stat(pid)
        if now is not None and now.ended:
            found.append(pid)
    return found


def open_descriptors(pid: int | None = None) -> int:
    """How many descriptors a process has."""
    return sum(1 for _ in Path(f"/proc/{pid or 'self'}/fd").iterdir())


def cgroups_of(pid: int) -> list[str]:
    """The cgroups that an agent made; those of others may come and go meanwhile."""
    return [
        folder
        for folder, _, _ in os.walk("/sys/fs/cgroup")
        if Path(folder).name.startswith(f"barepod-{pid}-")
    ]
