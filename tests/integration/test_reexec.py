"""An agent replaces itself: same process, same children, no exit code lost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from agent.host.reexec import preflight
from tests.support.children import Host

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

BEFORE = """
import asyncio, json, os, signal, sys
from agent.host import event_loop
from agent.host.reexec import reexec
from agent.host.systemd import take_socket
from tests.support.children import *

LASTS = "trap 'exit 5' USR1; echo; while :; do sleep 0.05; done"
ENDS = "trap 'exit 7' USR1; echo; while :; do sleep 0.05; done"

async def main(keeper, after):
    leaked = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(leaked, True)
    given = os.open("/dev/zero", os.O_RDONLY)
    take_socket(os.environ)
    os.environ["LATER"] = "1"
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    async with running_host("subreaper", die_with_agent=False, keeper=keeper) as host:
        mains = {}
        for name, script in {"lasts": LASTS, "ends": ENDS, "killed": LASTS}.items():
            reading, writing = os.pipe()
            child = await host.shell(script, host.boundary(name), stdout=writing)
            await asyncio.to_thread(os.read, reading, 1)
            mains[name] = (child.pid, child.start_time)
            host.spawner.keep(name, {"pidfd": child.pidfd, "out": reading})
        host.spawner.capture(sh("sleep 1000; exit"), host.boundary("probe"), None, print)
        assert await host.spawner.detach() == ""
        # From here on nothing turns the loop: nobody but the next version can reap them.
        os.kill(mains["ends"][0], signal.SIGUSR1)
        os.kill(mains["killed"][0], signal.SIGKILL)
        while runs(mains["ends"][0]) or runs(mains["killed"][0]):
            pass
        said = json.dumps({"pid": os.getpid(), "mains": mains, "given": given, "leaked": leaked})
        reexec((sys.executable, "-c", after, keeper, said), keep_fds=[given])

event_loop.run(main(*sys.argv[1:]))
"""

AFTER = """
import asyncio, json, os, signal, sys
from agent.host import event_loop
from agent.host.clock import SystemClock
from agent.host.keeper import take_over
from tests.support.children import *

def is_open(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""

async def main(keeper, said):
    before = json.loads(said)
    opened = [is_open(before["given"]), is_open(before["leaked"])]
    reactor = Reactor()
    taken = await take_over(keeper, reactor, SystemClock())
    reactor.close()
    assert not taken.problems, taken.problems
    async with running_host("subreaper", die_with_agent=False, keeper=keeper) as host:
        children, found = {}, {}
        for name, (pid, started) in before["mains"].items():
            pidfd = taken.kept[name].pop("pidfd")
            children[name] = host.spawner.adopt(pid, started, host.boundary(name), pidfd)
        ended = [name for name, child in children.items() if child.exited]
        assert await host.spawner.check_kept() == ""
        taken.acknowledge()
        children["lasts"].signal(signal.SIGUSR1)
        for name, child in children.items():
            status = await child.wait()
            found[name] = (status.code, status.known)
        await until(lambda: not host.containment.reaper.orphans())
    print(json.dumps({"same": os.getpid() == before["pid"], "found": found, "ended": ended,
        "opened": opened, "env": sorted(set(os.environ) & {"NOTIFY_SOCKET", "LATER"}),
        "zombies": zombies(), "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, []))}))

event_loop.run(main(*sys.argv[1:]))
"""


async def test_children_and_their_exit_codes_survive_a_replacement(tmp_path: Path) -> None:
    keeper = tmp_path / "keeper"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        BEFORE,
        str(keeper),
        AFTER,
        env={**os.environ, "NOTIFY_SOCKET": "/nowhere/notify"},
        stdout=asyncio.subprocess.PIPE,
    )

    said, _ = await process.communicate()

    assert json.loads(said) == {
        "same": True,
        "found": {"lasts": [5, True], "ends": [7, True], "killed": [137, True]},
        "ended": ["ends", "killed"],
        "opened": ["/dev/zero", ""],
        "env": ["NOTIFY_SOCKET"],
        "zombies": [],
        "blocked": 0,
    }
    assert list(tmp_path.iterdir()) == []


async def test_a_version_that_starts_passes_the_preflight(host: Host) -> None:
    program = (sys.executable, "-m", "agent")

    assert await preflight(host.spawner, host.boundary(), program) == ""


async def test_a_broken_version_is_found_before_the_old_one_is_gone(
    host: Host, tmp_path: Path
) -> None:
    broken = tmp_path / "barepod"
    broken.write_text("import sys\nsys.exit(f'no module named {sys.argv[1]}')\n")

    problem = await preflight(host.spawner, host.boundary(), (sys.executable, str(broken)))

    assert problem == (
        f'the new version does not start: "{sys.executable} {broken} version" exited with 1: '
        "no module named version"
    )


async def test_a_version_that_hangs_does_not_hang_the_old_one(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.host.reexec._PREFLIGHT_SECONDS", 0.2)
    hanging = tmp_path / "barepod"
    hanging.write_text("import time\nwhile True: time.sleep(1)\n")
    boundary = host.boundary()

    problem = await preflight(host.spawner, boundary, (sys.executable, str(hanging)))

    assert problem.endswith('version" takes over 0 s')
    assert await boundary.kill() == frozenset()
