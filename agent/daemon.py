"""Composition root: makes every object and hands it to those who need it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from agent.action.resolve import Resolver
from agent.config import Config
from agent.host.clock import SystemClock
from agent.host.containment import choose_containment
from agent.host.log_engine import Follower
from agent.host.output import LogPump
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.host.spawner import Spawner
from agent.model.config_data import ConfigMap, Secret
from agent.model.pod import Pod
from agent.pod.facts import PodFacts
from agent.pod.hooks import HookRunner
from agent.pod.machine import Machine
from agent.pod.manager import PodManager
from agent.pod.prober import PodProber
from agent.pod.recorder import Recorder
from agent.pod.reporter import Reporter
from agent.pod.runtime import HostRuntime, Settings
from agent.pod.starter import BackOffLimits, Starter
from agent.pod.termination import Terminator
from agent.pod.worker import PodWorker, WorkerParts
from agent.store.memory import MemoryStore

Followers = Callable[[Pod, str], Follower | None]


def settings_of(config: Config, environ: Mapping[str, str]) -> Settings:
    """What the pod layer needs of the configuration, as plain values."""
    return Settings(
        node_name=config.node.name,
        address=config.node.address,
        log_dir=config.node.log_dir,
        run_dir=config.node.run_dir,
        log_max_size=config.logs.max_size,
        log_max_files=config.logs.max_files,
        path=environ.get("PATH", ""),
        env=config.env,
        images=config.images,
    )


@asynccontextmanager
async def open_machine(
    spawner_factory: Callable[[Reactor, Scheduler], Spawner],
    on_log_problem: Callable[[str, OSError], None],
) -> AsyncIterator[Machine]:
    """The engines of this process; leaving the context leaves no process and no thread behind."""
    loop = asyncio.get_running_loop()
    reactor, scheduler, clock = Reactor(), Scheduler(), SystemClock()
    spawner = spawner_factory(reactor, scheduler)
    containment = choose_containment(reactor, clock)
    pump = LogPump(loop, on_log_problem)
    try:
        await spawner.start()
        yield Machine(
            reactor=reactor,
            scheduler=scheduler,
            clock=clock,
            spawner=spawner,
            containment=containment,
            pump=pump,
            resolver=Resolver(reactor),
        )
    finally:
        await containment.close()
        await pump.close()
        await spawner.close()
        scheduler.close()
        reactor.close()
