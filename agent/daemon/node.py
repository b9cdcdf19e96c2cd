"""Composition root: makes every object of a node and hands it to those who need it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from agent.action.runner import Machine as HandlerMachine
from agent.config import Config
from agent.host.clock import SystemClock
from agent.host.containment import choose_containment
from agent.host.launch import Launched
from agent.host.log_track import Follower
from agent.host.output import LogPump
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.host.spawner import Spawner
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import EventType, Reason
from agent.model.pod import Pod
from agent.pod.aside import Aside
from agent.pod.assembly import Assembly, Continuity
from agent.pod.blueprint import Settings, Sources
from agent.pod.machine import Machine, at_once
from agent.pod.manager import PodManager
from agent.pod.metrics import Metrics
from agent.pod.recorder import Recorder
from agent.pod.runtime import HostRuntime
from agent.pod.starter import BackOffLimits
from agent.pod.storage import NoVolumes, Volumes
from agent.rules.messages import mounts_something
from agent.store.memory import Change, MemoryStore, T

if TYPE_CHECKING:
    from agent.daemon.inheritance import Legacy
    from agent.host.descriptor_limit import RLimit


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """How a node's owner takes part: container output, problems of barepod itself, signals."""

    follower: Callable[[Pod, str], Follower | None]
    problem: Callable[[str], None]
    news: Callable[..., None] = lambda *_, **__: None
    signals: Mapping[int, Callable[[], None]] = {}


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A running node, as its owner needs it.

    `reconfigure` takes over images, variables, log sizes and back-off of another configuration;
    pods that wait for an image look again at once. Everything else stays as it was at the start.
    `leave` lets go of all pods as they are, for the next agent, and the node's context ends.
    """

    manager: PodManager
    machine: Machine
    recorder: Recorder
    metrics: Metrics
    reconfigure: Callable[[Config], None]
    leave: Callable[[], None]


def settings_of(
    config: Config, environ: Mapping[str, str], rlimits: tuple[RLimit, ...] = ()
) -> Settings:
    """What the pod layer needs of the configuration, as plain values."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Settings(
        node_name=config.node.name,
        address=config.node.address,
        log_dir=config.node.log_dir,
        run_dir=config.node.run_dir,
        state_dir=config.node.state_dir,
        log_max_size=config.logs.max_size,
        log_max_files=config.logs.max_files,
        path=environ.get("PATH", ""),
        is_root=os.geteuid() == 0,
        env=config.env,
        images=config.images,
        rlimits=rlimits,
        allocatable={"cpu": str(os.cpu_count() or 1), "memory": f"{memory // 1024}Ki"},
    )


@asynccontextmanager
async def open_machine(
    launched: Launched | None, problem: Callable[[str], None], legacy: Legacy | None = None
) -> AsyncIterator[Machine]:
    """The engines of this process; leaving the context leaves no process and no thread behind.

    With a legacy, what was started may outlive this process.
    """
    loop = asyncio.get_running_loop()
    reactor, scheduler, clock = Reactor(), Scheduler(), SystemClock()
    helper = (launched.pid,) if launched is not None else ()
    base = "" if legacy is None else await legacy.prepare(reactor, clock, helper, problem)
    containment = choose_containment(
        reactor,
        scheduler,
        clock,
        own_pids=helper,
        lasting=None if legacy is None else legacy.fences,
        base=base,
    )
    spawner = Spawner(
        reactor,
        scheduler,
        clock,
        containment,
        launched=launched,
        die_with_agent=legacy is None,
        keeper=None if legacy is None else legacy.keeper,
    )
    pump = LogPump(
        loop, lambda path, exc: problem(f"cannot write {path}: {exc.strerror or exc}".lower())
    )
    await spawner.start()
    try:
        yield Machine(
            reactor=reactor,
            scheduler=scheduler,
            clock=clock,
            spawner=spawner,
            containment=containment,
            pump=pump,
            handlers=HandlerMachine(reactor=reactor, scheduler=scheduler, random=_random),
            is_lasting=legacy is not None,
            durable=at_once if legacy is None else legacy.durable,
        )
    finally:
        leaves = legacy is not None and legacy.is_left
        await containment.close(detach=leaves)
        await pump.close(detach=leaves)
        await (spawner.detach() if leaves else spawner.close())
        scheduler.close()
        reactor.close()


def _runtime(
    settings: Settings, machine: Machine, store: MemoryStore, recorder: Recorder, hooks: Hooks
) -> HostRuntime:
    """What starts the containers of this node."""
    warned: set[tuple[str, str, str]] = set()

    def warn(pod: Pod, container: str, text: str) -> None:
        """A limit is not enforced: one event per container, not one per run."""
        key = (pod.metadata.uid, container, text)
        if key not in warned:
            warned.add(key)
            reason = Reason.LIMITS_NOT_ENFORCED
            recorder.record(pod, EventType.WARNING, reason, text, container=container)

    sources = Sources(
        config_maps=lambda namespace: _by_name(store, ConfigMap, namespace),
        secrets=lambda namespace: _by_name(store, Secret, namespace),
        follower=hooks.follower,
        warn=warn,
    )
    return HostRuntime(settings, machine, sources)


def _assembly(
    config: Config,
    machine: Machine,
    store: MemoryStore,
    recorder: Recorder,
    hooks: Hooks,
    runtime: HostRuntime,
    continuity: Continuity | None,
) -> Assembly:
    """What the workers of this node are made of."""

    def volumes(pod: Pod) -> Volumes:
        if not mounts_something(pod):
            return NoVolumes()
        from agent.pod.volumes import PodVolumes, VolumeParts

        parts = VolumeParts(
            disk_dir=config.node.state_dir,
            memory_dir=config.node.run_dir,
            is_lasting=machine.is_lasting,
            around=runtime.around,
            watch=lambda changed: _watch_sources(store, changed),
            recorder=recorder,
            clock=machine.clock,
            problem=hooks.problem,
        )
        return PodVolumes(pod, parts)

    return Assembly(
        runtime=runtime,
        aside=Aside(machine, runtime),
        volumes=volumes,
        store=store,
        recorder=recorder,
        metrics=Metrics(),
        clock=machine.clock,
        scheduler=machine.scheduler,
        limits=_limits_of(config),
        address=config.node.address,
        continuity=continuity,
    )


def _limits_of(config: Config) -> BackOffLimits:
    return BackOffLimits(
        initial=config.crash_loop.initial_seconds, maximum=config.crash_loop.max_seconds
    )


def _random() -> float:
    """0 to 1; the module is imported when the first one is wanted: it costs a start 2 ms."""
    from random import random

    return random()


def _by_name(store: MemoryStore, kind: type[T], namespace: str) -> dict[str, T]:
    """The objects of one kind and namespace."""
    return {
        obj.metadata.name: obj for obj in store.list(kind) if obj.metadata.namespace == namespace
    }


def _watch_sources(
    store: MemoryStore, changed: Callable[[ConfigMap | Secret], None]
) -> Callable[[], None]:
    """Tell of every ConfigMap and Secret that changes, until the result is called."""

    def seen(change: Change) -> None:
        if isinstance(change.object, ConfigMap | Secret):
            changed(change.object)

    return store.watch(seen)


@asynccontextmanager
async def open_node(
    config: Config,
    store: MemoryStore,
    hooks: Hooks,
    launched: Launched | None,
    legacy: Legacy | None = None,
) -> AsyncIterator[Node]:
    """A node that runs pods; leaving the context waits for them to end, or leaves them.

    With a legacy, the pods of an earlier agent go on (OSError: they cannot be judged).
    """
    async with open_machine(launched, hooks.problem, legacy) as machine:
        recorder = Recorder(store, machine.clock, config.node.name)
        rlimits = () if legacy is None else legacy.rlimits
        settings = settings_of(config, os.environ, rlimits)
        runtime = _runtime(settings, machine, store, recorder, hooks)
        inheritance = continuity = None
        if legacy is not None:
            from agent.daemon.inheritance import Inheritance  # a foreground run inherits nothing

            inheritance = Inheritance(legacy.taken, machine, store, settings)
            continuity = inheritance.continuity()
        assembly = _assembly(config, machine, store, recorder, hooks, runtime, continuity)

        def fault(pod: Pod, exc: Exception) -> None:
            hooks.problem(f"internal error in pod {pod.metadata.name}, going on: {exc!r}")

        manager = PodManager(
            build=lambda pod: assembly.worker(pod),
            store=store,
            recorder=recorder,
            clock=machine.clock,
            node_name=config.node.name,
            on_fault=fault,
        )

        _watch_sources(store, lambda changed: manager.look_again(changed.metadata.namespace))

        def reconfigure(changed: Config) -> None:
            nonlocal assembly
            limits = _limits_of(changed)
            assembly = msgspec.structs.replace(assembly, limits=limits)
            runtime.reconfigure(settings_of(changed, os.environ, rlimits))
            manager.reconfigure(limits)

        def leave() -> None:
            assert legacy is not None
            legacy.is_left = True
            manager.detach()

        if inheritance is not None:
            await inheritance.take_up(manager, hooks.news)
        async with manager:
            manager.begin()
            for signum, callback in hooks.signals.items():
                machine.reactor.on_signal(signum, callback)
            yield Node(
                manager=manager,
                machine=machine,
                recorder=recorder,
                metrics=assembly.metrics,
                reconfigure=reconfigure,
                leave=leave,
            )
