"""What becomes of the fences when their agent is killed, and of agents in odd places."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.host import cgroup_files, marks
from agent.host.descendants import everyone
from tests.support.children import (
    cgroups_of,
    running_host,
    runs,
    until,
)

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

AGENT = """
import asyncio, os, sys
from agent.host import event_loop
from tests.support.children import *

async def main():
    async with running_host(sys.argv[1], die_with_agent=sys.argv[2] == "die") as host:
        boundary = host.boundary()
        child = await host.shell(ESCAPEE + "; trap '' TERM HUP; sleep 1000; exit", boundary)
        late = host.boundary("late")
        await (await host.shell(DOUBLE_FORK + "; exit 0", late)).wait()
        host.spawner.capture(sh("sleep 1000 & wait"), boundary, None, print)
        await until(lambda: len(boundary.pids()) >= 5 and late.pids())
        print(child.pid, host.spawner.helper_pid, flush=True)
        await asyncio.sleep(1000)

event_loop.run(main())
"""


@dataclass(frozen=True)
class OtherAgent:
    """An agent of its own, with containers in it."""

    process: asyncio.subprocess.Process
    main: int
    helper: int
    mark: int

    def left(self) -> list[int]:
        """Whatever lives of what it started."""
        return [
            pid
            for pid in everyone()
            if marks.same_agent(marks.read_mark(pid), self.mark) and runs(pid)
        ]

    async def kill_left(self) -> None:
        """Leave nothing behind."""
        while left := self.left():
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)


async def start_agent(mode: str, policy: str) -> OtherAgent:
    """Start one; when it has started everything."""
    agent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", AGENT, mode, policy, stdout=asyncio.subprocess.PIPE
    )
    assert agent.stdout is not None
    line = await agent.stdout.readline()
    if not line:
        await agent.wait()
        pytest.skip(f"no {mode} containment here")
    main, helper = (int(pid) for pid in line.split())
    return OtherAgent(agent, main, helper, marks.read_mark(main))


@pytest.mark.parametrize("mode", ["cgroup", "subreaper"])
async def test_if_the_agent_is_killed_nothing_of_it_is_left(mode: str) -> None:
    agent = await start_agent(mode, "die")
    await until(lambda: len(agent.left()) >= 6)

    agent.process.kill()
    await agent.process.wait()

    await until(lambda: not agent.left() and not runs(agent.helper))
    assert not cgroups_of(agent.process.pid)


@pytest.mark.parametrize("mode", ["cgroup", "subreaper"])
async def test_if_agent_and_helper_are_killed_at_once_the_mains_die(mode: str) -> None:
    agent = await start_agent(mode, "die")

    os.kill(agent.helper, signal.SIGSTOP)
    agent.process.kill()
    os.kill(agent.helper, signal.SIGKILL)
    await agent.process.wait()

    await until(lambda: not runs(agent.main) and not runs(agent.helper))
    await agent.kill_left()
    if mode == "cgroup":  # the next agent tidies up
        async with running_host("cgroup"):
            assert not cgroups_of(agent.process.pid)


async def test_a_daemons_pods_outlive_its_crash() -> None:
    agent = await start_agent("subreaper", "keep")

    agent.process.kill()
    await agent.process.wait()

    await until(lambda: not runs(agent.helper))
    assert runs(agent.main)
    await until(lambda: len(agent.left()) >= 4)
    await agent.kill_left()


async def test_an_ordinary_users_agent_contains_as_well(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    packages = sysconfig.get_path("platlib")  # may be out of an ordinary user's reach: import first
    script = (
        f"import os, sys; sys.path[:0] = [{str(root)!r}, {packages!r}]; import msgspec\n"
        "from tests.support.children import *\n"
        "os.getuid() or (os.setgroups([]), os.setgid(65534), os.setuid(65534))\n" + UNPRIVILEGED
    )
    python = sys.executable if os.getuid() else "/usr/bin/python3"
    if not Path(python).exists():
        pytest.skip("no interpreter that an ordinary user may execute")
    done = await asyncio.create_subprocess_exec(
        python, "-c", script, cwd="/", stdout=asyncio.subprocess.PIPE
    )

    said, _ = await done.communicate()

    assert said.decode() == "subreaper 137 0 b'probe\\n' nothing left\n"


UNPRIVILEGED = """
import asyncio
from agent.host import event_loop

async def main():
    async with running_host("subreaper") as host:
        boundary = host.boundary()
        child = await host.shell(ESCAPEE + "; " + DOUBLE_FORK + "; sleep 1000", boundary)
        await until(lambda: len(boundary.pids()) >= 4)
        probe = await host.capture(sh("echo probe"), boundary)
        left = await boundary.kill()
        status = await child.wait()
        print(host.containment.kind, status.code, len(left), probe.output,
              "nothing left" if not boundary.pids() else "leak")

event_loop.run(main())
"""


DELEGATED = """
import asyncio, sys
from agent.host import event_loop
import agent.host.cgroup as cgroup
from tests.support.children import *

cgroup._WANTED = (sys.argv[2],)
open(sys.argv[1] + "/cgroup.procs", "w").write("0")

async def main():
    async with running_host("cgroup") as host:
        child = await host.shell("sleep 1000; exit", host.boundary())
        print(*host.containment.controllers, *host.containment.warnings)
        print(open("/proc/self/cgroup").read().splitlines()[-1])
        print(open(f"/proc/{child.pid}/cgroup").read().splitlines()[-1])

event_loop.run(main())
"""


async def test_in_a_delegated_cgroup_the_agent_moves_aside_for_the_controllers() -> None:
    mount = next((p for p in map(Path, MOUNTS) if (p / "cgroup.subtree_control").exists()), None)
    if os.getuid() != 0 or mount is None:
        pytest.skip("needs root and cgroup v2")
    offered = (mount / "cgroup.controllers").read_text().split()
    if not offered:
        pytest.skip("no controller is offered")
    handed = (mount / "cgroup.subtree_control").read_text().split()
    delegated = mount / f"barepod.test.{os.getpid()}"
    delegated.mkdir()
    try:
        (mount / "cgroup.subtree_control").write_text(f"+{offered[0]}")
        said = await run_python(DELEGATED, str(delegated), offered[0])
    finally:
        cgroup_files.remove(str(delegated))
        if offered[0] not in handed:
            (mount / "cgroup.subtree_control").write_text(f"-{offered[0]}")

    controllers, own, container = said.splitlines()
    assert controllers == offered[0]
    assert own == f"0::/{delegated.name}/barepod-agent"
    assert container.startswith(f"0::/{delegated.name}/barepod-")
    assert container.endswith("/c1")


MOUNTS = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")


async def run_python(code: str, *args: str) -> str:
    """What another interpreter prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *args, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return said.decode()
