"""How did a process end that is not our child? Each source of the answer alone."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.host import exit_code
from agent.host.adopted import adopt_process
from agent.host.process import Child, ExitStatus, start_time
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from tests.support.children import runs, until

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

#: Has a child, which ends when a line comes; reaps it when another comes.
PARENT = """
import os, sys
reading, writing = os.pipe()
pid = os.fork()
if not pid:
    os.close(writing)
    os.read(reading, 1)
    code = int(sys.argv[1])
    os._exit(code) if code >= 0 else os.kill(os.getpid(), -code)
os.close(reading)
print(pid, flush=True)
sys.stdin.readline()
os.close(writing)
sys.stdin.readline()
os.waitpid(pid, 0)
sys.stdin.readline()
"""

REMEMBERS = tuple(int(part) for part in platform.release().split(".")[:2]) >= (6, 15)
UNKNOWN = ExitStatus(137, known=False)


class Grandchild:
    """A process whose parent reaps it when it is told to."""

    def __init__(self, parent: asyncio.subprocess.Process, pid: int) -> None:
        self._parent = parent
        self.pid = pid
        self.started = start_time(pid)
        self.pidfd = os.pidfd_open(pid)

    async def end(self) -> None:
        self._say()
        await until(lambda: not runs(self.pid))

    async def reap(self) -> None:
        self._say()
        await until(lambda: start_time(self.pid) == 0)

    def _say(self) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.write(b"\n")


@asynccontextmanager
async def grandchild(code: int) -> AsyncIterator[Grandchild]:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", PARENT, str(code)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    try:
        yield Grandchild(parent, pid)
    finally:
        await parent.communicate(b"")  # closes its stdin


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may look at the exit code in /proc."""
    monkeypatch.setattr("agent.host.exit_code._by_proc", lambda _pid, _started: None)


@pytest.fixture
def old_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel before 6.15: it does not know the question (ENOTTY)."""
    monkeypatch.setattr("agent.host.exit_code._GET_INFO", 0xC040FFEE)


class Watching:
    """An adopted process with what watches it."""

    def __init__(self, of: Grandchild) -> None:
        self._reactor, self._scheduler = Reactor(), Scheduler()
        self.child: Child = adopt_process(
            self._reactor, self._scheduler, of.pid, of.started, pidfd=of.pidfd
        )

    async def __aenter__(self) -> Child:
        return self.child

    async def __aexit__(self, *_: object) -> None:
        self._scheduler.close()
        self._reactor.close()


@pytest.mark.skipif(not REMEMBERS, reason="needs Linux 6.15")
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, ExitStatus(0)),
        (7, ExitStatus(7)),
        (255, ExitStatus(255)),
        (-signal.SIGTERM, ExitStatus(143, signal.SIGTERM)),
    ],
)
async def test_a_pidfd_tells_the_code_of_a_process_reaped_long_ago(
    code: int, expected: ExitStatus
) -> None:
    async with grandchild(code) as process:
        assert exit_code.reaped_status(process.pidfd) is None
        await process.end()
        assert exit_code.reaped_status(process.pidfd) is None
        await process.reap()

        assert exit_code.reaped_status(process.pidfd) == expected
        assert exit_code.pid_of(process.pidfd) == -1
        async with Watching(process) as child:
            assert child.status == expected


@pytest.mark.parametrize("code", [0, 7])
@pytest.mark.usefixtures("old_kernel")
async def test_a_zombie_tells_its_code_whoever_its_parent_is(code: int) -> None:
    async with grandchild(code) as process:
        async with Watching(process) as child:
            assert not child.exited
            await process.end()

            assert await child.wait() == ExitStatus(code)


@pytest.mark.skipif(not REMEMBERS, reason="needs Linux 6.15")
@pytest.mark.usefixtures("blind")
async def test_the_code_comes_with_the_reaping_if_not_before() -> None:
    async with grandchild(7) as process:
        async with Watching(process) as child:
            await process.end()
            await until(lambda: exit_code.has_ended(process.pidfd))
            assert not child.exited
            await process.reap()

            assert await child.wait() == ExitStatus(7)


@pytest.mark.usefixtures("blind", "old_kernel")
async def test_an_older_kernel_forgets_the_code_with_the_reaping() -> None:
    async with grandchild(7) as process:
        async with Watching(process) as child:
            await process.end()
            await process.reap()

            assert await child.wait() == UNKNOWN


@pytest.mark.usefixtures("blind")
async def test_a_zombie_that_nobody_reaps_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.host.adopted._PAUSE", 0.001)
    async with grandchild(7) as process:
        async with Watching(process) as child:
            await process.end()

            assert await child.wait() == UNKNOWN


async def test_a_success_is_believed_only_where_the_kernel_would_tell_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = exit_code._read

    def guarded(path: str) -> bytes:
        if path.endswith("/io"):
            raise PermissionError(path)
        return read(path)

    monkeypatch.setattr("agent.host.exit_code._read", guarded)
    async with grandchild(0) as process:
        await process.end()

        assert exit_code.tell(process.pidfd, process.pid, process.started) is None
        os.close(process.pidfd)


async def test_memory_is_blamed_only_for_what_it_killed() -> None:
    reactor, scheduler = Reactor(), Scheduler()
    for code, blamed in ((-signal.SIGKILL, True), (-signal.SIGTERM, False), (7, False)):
        async with grandchild(code) as process:
            await process.end()
            child = adopt_process(
                reactor,
                scheduler,
                process.pid,
                process.started,
                pidfd=process.pidfd,
                oom_killed=lambda: True,
            )
            status = await child.wait()
            assert status.oom_killed is blamed
    scheduler.close()
    reactor.close()
