"""A node on virtual time: the real pod layer above containers that only pretend."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from agent.action import runner
from agent.action.handler import FINISHED, Done, Handler, Running, Target
from agent.action.result import ActionResult, Outcome
from agent.host.process import Command
from agent.host.scheduler import Scheduler
from agent.model.container import Container
from agent.model.event import Event
from agent.model.handler import LifecycleHandler, ProbeHandler
from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, RunState
from agent.pod.access import RunAccess
from agent.pod.assembly import Assembly, Continuity
from agent.pod.facts import Ended, Instance
from agent.pod.metrics import Metrics
from agent.pod.recorder import Recorder
from agent.pod.run_files import RunFile
from agent.pod.starter import BackOffLimits, StartError
from agent.pod.storage import NoVolumes, Volumes
from agent.rules.actions import container_hash
from agent.store.memory import MemoryStore
from agent.store.records import ContainerRecord, ProcessRecord, Trace
from tests.support.builders import deleted
from tests.support.timelines import changes_of, state_of
from tests.support.virtual_loop import VirtualClock

SUCCESS = ActionResult(Outcome.SUCCESS)
FAILURE = ActionResult(Outcome.FAILURE, "no good", 1)


@dataclass
class Behaviour:
    """How one container behaves; the lists are used up run by run, the last entry stays.

    `lives`: seconds until the main process ends by itself (None: never) and its exit code.
    `stop_takes`: seconds from the stop signal to its end (None: it ignores the signal).
    `create_errors`, `start_errors`: what goes wrong before and on start, if anything;
    `start_takes`: how long a start lasts. `endings`: why its runs end (None: by exit codes).
    """

    lives: list[tuple[float | None, int]] = field(default_factory=lambda: [(None, 0)])
    stop_takes: float | None = 0.0
    stop_code: int = 0
    image_problems: list[str | None] = field(default_factory=lambda: [None])
    create_errors: list[StartError | None] = field(default_factory=lambda: [None])
    start_errors: list[StartError | None] = field(default_factory=lambda: [None])
    start_takes: float = 0.0
    endings: list[str | None] = field(default_factory=lambda: [None])


@dataclass
class Script:
    """What handlers answer: `(result, seconds it takes)` for a time of asking."""

    answer: Callable[[float], ActionResult] = lambda _: SUCCESS
    takes: float | None = 0.0


class FakeRun:
    """One pretended execution of a handler."""

    def __init__(self, timer_cancel: Callable[[], None], finish: Callable[[], None]) -> None:
        self._cancel = timer_cancel
        self._finish = finish

    def expire(self) -> None:
        self._cancel()
        self._finish()

    def cancel(self) -> None:
        self._cancel()


class FakeHandler:
    """A handler that follows a script and notes when it was asked."""

    def __init__(self, node: PretendedNode, what: str, script: Script) -> None:
        self._node = node
        self._what = what
        self._script = script

    def start(self, timeout: float | None, done: Done) -> Running:
        now = self._node.scheduler.time()
        self._node.note(self._what)
        result = self._script.answer(now)
        if self._script.takes == 0:
            done(result)
            return FINISHED
        if self._script.takes is None:
            return FakeRun(lambda: None, lambda: done(ActionResult(Outcome.FAILURE, "timed out")))
        timer = self._node.scheduler.call_later(self._script.takes, lambda: done(result))
        return FakeRun(timer.cancel, lambda: done(ActionResult(Outcome.FAILURE, "timed out")))


class FakeInstance:
    """A pretended run of a container."""

    def __init__(
        self, node: PretendedNode, name: str, container_id: str, life: float | None, code: int
    ):
        self._node = node
        self._name = name
        self.container_id = container_id
        node.instances[container_id] = self
        self.target = Target(address="127.0.0.1", ports=())
        self._ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        if life is not None:
            node.scheduler.call_later(life, lambda: self.end(code))

    def end(self, code: int) -> None:
        if not self._ended.done():
            self._node.note(f"{self._name} ended {code}")
            reason = _take(self._node.behaviour(self._name).endings) or (
                "Completed" if code == 0 else "Error"
            )
            now = self._node.clock.now()
            self._ended.set_result(Ended(exit_code=code, finished_at=now, reason=reason))

    @property
    def access(self) -> RunAccess:
        raise AssertionError("a pretended run cannot be talked to")

    def probe(self, handler: ProbeHandler) -> Handler:
        key = f"{self._name} {_kind(handler)}"
        return FakeHandler(self._node, f"probe {key}", self._node.scripts.get(key, Script()))

    def hook(self, handler: LifecycleHandler) -> Handler:
        words = handler.exec.command if handler.exec is not None else ("hook",)
        key = f"{self._name} {' '.join(words)}"
        return FakeHandler(self._node, f"hook {key}", self._node.scripts.get(key, Script()))

    @property
    def trace(self) -> Trace | None:
        process = ProcessRecord(pid=1, start_ticks=1)
        command = Command(argv=("main",), env={})
        return Trace(process=process, command=command, stop_signal=15, log_file="0.log")

    async def watch(self) -> Ended:
        return await self.ended()

    async def settle(self) -> None:
        return

    async def ended(self) -> Ended:
        return await asyncio.shield(self._ended)

    async def stop(self, grace: float) -> None:
        behaviour = self._node.behaviour(self._name)
        self._node.note(f"{self._name} signalled, grace {grace:g}")
        if behaviour.stop_takes is not None and behaviour.stop_takes < grace:
            await asyncio.wait([self._ended], timeout=behaviour.stop_takes)
            self.end(behaviour.stop_code)
        else:
            await asyncio.wait([self._ended], timeout=grace)
            self.end(137)

    def kill(self) -> None:
        self.end(137)

    def pids(self) -> frozenset[int]:
        return frozenset()


def _kind(handler: ProbeHandler) -> str:
    return " ".join(handler.exec.command) if handler.exec is not None else "network"


class _Prepared:
    def __init__(self, node: PretendedNode, container: Container, restart_count: int) -> None:
        self._node = node
        self._container = container
        self._count = restart_count

    async def start(self, meanwhile: Callable[[], None]) -> tuple[ContainerRun, Instance]:
        meanwhile()
        name = self._container.name
        behaviour = self._node.behaviour(name)
        if behaviour.start_takes:
            await self._node.clock.sleep(behaviour.start_takes)
        error = _take(behaviour.start_errors)
        if isinstance(error, StartError):
            raise error
        life, code = _take(behaviour.lives)
        container_id = f"{name}-{next(self._node.numbers)}"
        self._node.note(f"{name} started")
        now = self._node.clock.now()
        instance = FakeInstance(self._node, name, container_id, life, code)
        run = ContainerRun(
            name=name,
            container_id=container_id,
            state=RunState.RUNNING,
            created_at=now,
            started_at=now,
            restart_count=self._count,
            spec_hash=container_hash(self._container),
        )
        return run, instance


class PretendedNode:
    """What pods run on; `log` has what happened, with the second in which it did."""

    def __init__(
        self,
        behaviours: dict[str, Behaviour] | None = None,
        scripts: dict[str, Script] | None = None,
        volumes: Volumes | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.scheduler = Scheduler()
        self.scripts = scripts or {}
        self.numbers = itertools.count()
        self.log: list[tuple[float, str]] = []
        self.store = MemoryStore()
        self.run_files: list[RunFile] = []
        self.instances: dict[str, FakeInstance] = {}
        self.metrics = Metrics()
        self.recorder = Recorder(self.store, self.clock, "node")
        self._behaviours = behaviours or {}
        self.statuses: list[tuple[float, Pod]] = []
        self.assembly = Assembly(
            runtime=self,
            aside=self,
            volumes=lambda _: volumes or NoVolumes(),
            store=self.store,
            recorder=self.recorder,
            metrics=self.metrics,
            clock=self.clock,
            scheduler=self.scheduler,
            limits=BackOffLimits(),
            address="127.0.0.1",
        )

    def behaviour(self, name: str) -> Behaviour:
        return self._behaviours.setdefault(name, Behaviour())

    def note(self, what: str) -> None:
        self.log.append((round(self.scheduler.time(), 3), what))

    async def run(
        self, pod: Pod, container: Container, argv: tuple[str, ...], seconds: float
    ) -> ActionResult:
        script = self.scripts.get(" ".join(argv), Script())
        handler = FakeHandler(self, f"aside {container.name} {' '.join(argv)}", script)
        return await runner.run(handler, seconds, self.scheduler)

    def forget(self, pod: Pod) -> None:
        self.note("forgotten")

    def image_problem(self, container: Container) -> str | None:
        return _take(self.behaviour(container.name).image_problems)

    def adopt(self, pod: Pod, container: Container, record: ContainerRecord) -> Instance:
        """A run of an earlier agent: it goes on as if nothing had been."""
        self.note(f"{container.name} adopted")
        return self.instances[record.container_id]

    def remember(self, boot_id: str = "boot", jitter: float = 0.0) -> None:
        """From now on workers write down what they know, and go on from what is written."""
        continuity = Continuity(
            records=self.store.records,
            boot_id=boot_id,
            adopt=self.adopt,
            files_of=lambda _: self.run_files,
            delay_of=lambda period: period * jitter,
        )
        self.assembly = msgspec.structs.replace(self.assembly, continuity=continuity)

    def create(
        self, pod: Pod, container: Container, restart_count: int, volumes: Volumes
    ) -> _Prepared:
        error = _take(self.behaviour(container.name).create_errors)
        if error is not None:
            raise error
        return _Prepared(self, container, restart_count)

    def times(self, what: str) -> list[float]:
        """When this was noted."""
        return [at for at, noted in self.log if noted == what]

    def events(self, reason: str = "") -> list[str]:
        """Messages of the events so far, repeated as often as they were counted."""
        return [
            event.message
            for event in self.store.list(Event)
            if not reason or event.reason == reason
            for _ in range(event.count)
        ]

    def _seen(self, change: object) -> None:
        obj = getattr(change, "object", None)
        if isinstance(obj, Pod):
            self.statuses.append((round(self.scheduler.time(), 3), obj))


class Node(PretendedNode):
    """One pod and its worker on a node of their own."""

    def __init__(
        self,
        pod: Pod,
        behaviours: dict[str, Behaviour] | None = None,
        scripts: dict[str, Script] | None = None,
        volumes: Volumes | None = None,
        *,
        is_remembered: bool = False,
    ) -> None:
        super().__init__(behaviours, scripts, volumes)
        if is_remembered:
            self.remember()
        self._shown_until: int | None = None
        stored = self.store.put(pod)
        self.store.watch(self._seen)
        self.worker = self.assembly.worker(stored)

    @property
    def pod(self) -> Pod:
        pod = self.store.get(Pod, "default", self.worker.pod.metadata.name)
        assert pod is not None
        return pod

    def recorded(self) -> list[Event]:
        """The events so far."""
        return list(self.store.list(Event))

    def states(self, name: str) -> list[tuple[float, str]]:
        """How a container's state was shown over time until `run_for` ended, one entry a change."""
        return changes_of(
            (at, state_of(status.state))
            for at, seen in self._shown()
            for status in (*seen.status.init_container_statuses, *seen.status.container_statuses)
            if status.name == name
        )

    def phases(self) -> list[tuple[float, str]]:
        """The phase over time, like `states`."""
        return changes_of((at, seen.status.phase) for at, seen in self._shown())

    def conditions(self, kind: str) -> list[tuple[float, str, str, str]]:
        """A condition over time: status, reason and message, like `states`."""
        changes = changes_of(
            (at, (one.status, one.reason, one.message))
            for at, seen in self._shown()
            for one in seen.status.conditions
            if one.type == kind
        )
        return [(at, *what) for at, what in changes]

    def _shown(self) -> list[tuple[float, Pod]]:
        return self.statuses[: self._shown_until]

    async def work_for(self, seconds: float) -> None:
        """Run the pod for so long, then let the agent die; the containers live on."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.worker.run())
            await asyncio.wait([task], timeout=seconds)
            task.cancel()

    def next_agent(self, boot_id: str = "boot", jitter: float = 0.0) -> None:
        """Another agent finds the store as it is."""
        self.remember(boot_id, jitter)
        self.worker = self.assembly.worker(self.pod)

    async def stopped_at(self, seconds: float, grace: int) -> None:
        """Run the pod, delete it after so long, wait for its end."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.worker.run())
            await self.clock.sleep(seconds)
            self.worker.stop(deleted(self.worker.pod, grace))

    async def run_for(self, seconds: float) -> None:
        """Run the pod for so long, then kill what is left."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.worker.run())
            await asyncio.wait([task], timeout=seconds)
            self.frozen = self.pod
            self._shown_until = len(self.statuses)
            self.worker.kill()


T = TypeVar("T")


def _take(values: list[T]) -> T:
    return values.pop(0) if len(values) > 1 else values[0]
