"""The least that is an agent: one run in a scope, adopted by the next life; see test_scope.py.

Usage: scoped_agent.py STATE keep|terminate|linger. STATE holds what one life leaves to the next;
the one that lingers ends its run when there is a file STATE.go.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec

from agent.host import event_loop
from agent.host.clock import SystemClock
from agent.host.containment import Lasting, RunBoundary, choose_containment
from agent.host.launch import launch
from agent.host.limits import Limits
from agent.host.process import Command
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.host.scope import open_scope
from agent.host.spawner import Spawner
from agent.host.systemd import Notifier, take_socket

SCRIPT = "setsid -f sleep 2001; trap 'echo bye >> \"$0\".end; exit 0' TERM; sleep 2001 & wait"


class State(msgspec.Struct):
    """What is kept between the lives of the agent."""

    lasting: Lasting = Lasting()
    mark: int = 0
    cgroup: str = ""


async def live(file: Path, policy: str) -> None:
    """One life, until SIGTERM."""
    notifier = Notifier(take_socket(os.environ))
    state = msgspec.json.decode(file.read_bytes(), type=State) if file.exists() else State()
    reactor, scheduler, clock = Reactor(), Scheduler(), SystemClock()
    launched = launch()
    recorded = state.lasting.cgroup_path
    base = await open_scope(reactor, clock, say, helper_pid=launched.pid, recorded=recorded)
    own = (launched.pid,)
    containment = choose_containment(
        reactor, scheduler, clock, own_pids=own, lasting=state.lasting, base=base or ""
    )
    spawner = Spawner(
        reactor, scheduler, clock, containment, die_with_agent=False, launched=launched
    )
    await spawner.start()
    boundary: RunBoundary
    if state.mark:
        boundary = containment.adopt("run", state.mark, state.cgroup, Limits())
        say(f"adopted {len(boundary.pids())}")
        say(f"ended {len(await containment.end_strangers())}")
    else:
        boundary = containment.create("run", Limits())
        state = State(containment.lasting, boundary.mark, boundary.cgroup)
        file.write_bytes(msgspec.json.encode(state))
        command = Command(argv=("sh", "-c", SCRIPT, str(file)), env={"PATH": "/usr/bin:/bin"})
        await spawner.spawn(command, boundary)
    stopped = asyncio.Event()
    reactor.on_signal(signal.SIGTERM, stopped.set)
    notifier.ready(base or "no scope")
    await stopped.wait()
    if policy == "linger":
        await there(Path(f"{file}.go"))
    if policy != "keep":
        boundary.signal(signal.SIGTERM)
        await there(Path(f"{file}.end"))
        file.unlink()
    await containment.close(detach=policy == "keep")
    await spawner.close()


async def there(file: Path) -> None:
    """Wait for a file."""
    while not file.exists():
        await asyncio.sleep(0.05)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    event_loop.run(live(Path(sys.argv[1]), sys.argv[2]))
