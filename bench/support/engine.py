"""Our probe engine under load, as the product uses it.

`closed` keeps handlers busy, so many at a time. `workers` runs the product's own probe workers:
schedule, gate, handler, thresholds and metrics, over pods whose containers are only believed to
run. What is missing against the whole product are the pods' tasks and the store.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from agent.action import runner
from agent.action.exec import Run
from agent.action.handler import Handler, Role, Target
from agent.action.result import ActionResult, Outcome
from agent.action.runner import Engines, Machine
from agent.host import event_loop
from agent.host.clock import SystemClock
from agent.host.process import Command
from agent.model.container import Container
from agent.model.handler import (
    ExecAction,
    GRPCAction,
    HTTPGetAction,
    Probe,
    ProbeHandler,
    TCPSocketAction,
)
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodSpec
from agent.model.runtime import CONTAINER_ID_SCHEME
from agent.model.status import (
    ContainerState,
    ContainerStateRunning,
    ContainerStatus,
    PodStatus,
)
from agent.pod.facts import PodFacts
from agent.pod.metrics import Metrics
from agent.pod.prober import PodProber, ProberParts
from agent.pod.recorder import Recorder
from agent.pod.rota import Rota
from agent.store.memory import MemoryStore
from bench.framework import percentile
from bench.support.cpu import used, used_by
from tests.support.children import PATH, Host, running_host

_TARGET = Target(address="127.0.0.1", ports=())
_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU for each probe: of the agent, and of its helper."""

    agent: float
    helper: float = 0.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What workers did: how much they cost and how late they were (ms)."""

    cost: Cost
    probes: int
    late: list[float]

    def lateness(self, percent: float) -> float:
        """A percentile in milliseconds."""
        return percentile(self.late, percent)


async def closed(kind: str, ports: list[int], in_flight: int, probes: int) -> Cost:
    """Run so many probes, so many at a time."""
    async with _engines() as (host, engines):
        handlers = [
            runner.prepare(_action(kind, port), _TARGET, Role.PROBE, engines) for port in ports
        ]
        await _Load(handlers, host, in_flight).run(len(ports) * 2)  # the first ones warm caches
        meter = Meter(host)
        await _Load(handlers, host, in_flight).run(probes)
        return meter.cost(probes)


@asynccontextmanager
async def probing(
    kinds: dict[str, int], ports: list[int], period: int, per_pod: int = 1
) -> AsyncIterator[tuple[Host, Metrics, list[float]]]:
    """So many workers of each kind, pods evenly spread over a period; and how late they begin."""
    async with _engines() as (host, engines):
        clock, metrics, rota = SystemClock(), Metrics(), Rota()
        lateness = _Lateness()
        metrics.lateness = cast(Any, lateness)
        recorder = Recorder(MemoryStore(), clock, "bench")
        probers, spread = [], _Spread()
        for kind, count in kinds.items():
            for first in range(0, count, per_pod):
                numbers = range(first, min(first + per_pod, count))
                parts = ProberParts(
                    facts=PodFacts(clock),
                    scheduler=host.scheduler,
                    rota=rota,
                    recorder=recorder,
                    metrics=metrics,
                    published=_PUBLISHED,
                    delay_of=spread,
                )
                pod = _pod(kind, numbers, ports, period)
                instances = {each.name: _Instance(engines) for each in pod.spec.containers}
                parts.facts.live = cast(Any, instances)
                prober = PodProber(pod, parts)
                spread.share = first / count
                prober.start()
                probers.append(prober)
        try:
            yield host, metrics, lateness.seen
        finally:
            for prober in probers:
                prober.close()


async def workers(kinds: dict[str, int], ports: list[int], period: int, seconds: float) -> Watched:
    """Watch them for so long, after one period and a half in which all have probed once."""
    async with probing(kinds, ports, period) as running:
        return await watch(*running, settle=period * 1.5, seconds=seconds)


async def watch(
    host: Host, metrics: Metrics, late: list[float], *, settle: float, seconds: float
) -> Watched:
    """What the workers do in so many seconds, after some that do not count."""
    await asyncio.sleep(settle)
    before = succeeded(metrics)
    late.clear()
    meter = Meter(host)
    await asyncio.sleep(seconds)
    probes = succeeded(metrics) - before
    return Watched(meter.cost(probes), probes, [1000 * each for each in late])


def succeeded(metrics: Metrics) -> int:
    """How many probes have succeeded so far; a load in which one fails measures nothing."""
    failed = sum(series.totals.get("failed", 0) for series in metrics.probes)
    if failed:
        raise RuntimeError(f"{failed} probes failed")
    return sum(series.totals.get("successful", 0) for series in metrics.probes)


class Meter:
    """The CPU that the agent and its helper use from now on."""

    def __init__(self, host: Host) -> None:
        self._helper = host.spawner.helper_pid
        self._before = self._used()

    def cost(self, probes: int) -> Cost:
        """For each of so many probes."""
        agent, helper = (
            now - before for now, before in zip(self._used(), self._before, strict=True)
        )
        return Cost(agent / probes, helper / probes)

    def _used(self) -> tuple[float, float]:
        return used(), used_by(self._helper) if self._helper is not None else 0.0


class _Load:
    """Keeps so many probes in flight; each has its deadline, as a worker's have."""

    def __init__(self, handlers: list[Handler], host: Host, in_flight: int) -> None:
        self._handlers = handlers
        self._deadlines = host.scheduler.deadlines(_TIMEOUT)
        self._in_flight = in_flight
        self._loop = asyncio.get_running_loop()
        self._over = self._loop.create_future()
        self._begun = self._ended = self._wanted = 0

    async def run(self, probes: int) -> None:
        self._wanted = probes
        for _ in range(min(self._in_flight, probes)):
            self._begin()
        await self._over

    def _begin(self) -> None:
        handler = self._handlers[self._begun % len(self._handlers)]
        self._begun += 1
        limited = _Limited()

        def done(result: ActionResult) -> None:
            self._deadlines.discard(limited)
            limited.is_over = True
            assert result.outcome is Outcome.SUCCESS, result
            self._ended += 1
            if self._begun < self._wanted:
                self._loop.call_soon(self._begin)
            elif self._ended == self._wanted:
                self._over.set_result(None)

        handler.start(_TIMEOUT, done)
        if not limited.is_over:
            self._deadlines.add(limited, self._loop.time())


class _Limited:
    """As much of a probe worker as has a deadline."""

    __slots__ = ("is_over",)

    def __init__(self) -> None:
        self.is_over = False

    def expire(self) -> None:
        raise AssertionError("a probe took too long")


class _Instance:
    """As much of a live run as a probe worker needs."""

    container_id = "run"

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def probe(self, handler: ProbeHandler) -> Handler:
        return runner.prepare(handler, _TARGET, Role.PROBE, self._engines)


class _Lateness:
    """In place of the histogram: every value."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def observe(self, seconds: float) -> None:
        self.seen.append(seconds)


@asynccontextmanager
async def _engines() -> AsyncIterator[tuple[Host, Engines]]:
    async with running_host("subreaper") as host:
        machine = Machine(reactor=host.reactor, scheduler=host.scheduler, random=lambda: 0.5)
        boundary = host.boundary()

        def captures(argv: tuple[str, ...]) -> Run:
            command = Command(argv=argv, env={"PATH": PATH})
            return host.spawner.prepare(command, boundary).run

        yield host, Engines(machine=machine, captures=captures)


class _Published:
    """All containers run, and that never changes."""

    status = PodStatus()

    def status_of(self, name: str) -> ContainerStatus | None:
        return _STATUS

    def is_over(self) -> bool:
        return False


class _Spread:
    """When the probes of a pod begin: pods are evenly spread."""

    share = 0.0  # of its period, for the pod that begins now

    def __call__(self, period: int) -> float:
        return period * self.share


def _pod(kind: str, numbers: range, ports: list[int], period: int) -> Pod:
    containers = tuple(
        Container(
            name=f"c{number}",
            image="none",
            readiness_probe=_probe(kind, ports[number % len(ports)], period),
        )
        for number in numbers
    )
    meta = ObjectMeta(name=f"{kind}{numbers.start}", namespace="default", uid="u")
    return Pod(api_version="v1", kind="Pod", metadata=meta, spec=PodSpec(containers=containers))


def _probe(kind: str, port: int, period: int) -> Probe:
    action = _action(kind, port)
    return Probe(
        exec=action.exec,
        http_get=action.http_get,
        tcp_socket=action.tcp_socket,
        grpc=action.grpc,
        timeout_seconds=int(_TIMEOUT),
        period_seconds=period,
        success_threshold=1,
        failure_threshold=3,
    )


def _action(kind: str, port: int) -> ProbeHandler:
    match kind:
        case "exec":
            return ProbeHandler(exec=ExecAction(command=("/bin/true",)))
        case "tcp":
            return ProbeHandler(tcp_socket=TCPSocketAction(port=port))
        case "grpc":
            return ProbeHandler(grpc=GRPCAction(port=port))
        case _:
            http = HTTPGetAction(path="/healthz", port=port, scheme=kind.upper())
            return ProbeHandler(http_get=http)


_STATUS = ContainerStatus(
    name="c",
    container_id=f"{CONTAINER_ID_SCHEME}{_Instance.container_id}",
    ready=True,
    restart_count=0,
    image="none",
    image_id="",
    started=True,
    state=ContainerState(
        running=ContainerStateRunning(started_at=datetime(2026, 1, 1, tzinfo=UTC))
    ),
)

_PUBLISHED = _Published()


def main() -> None:
    """Run probes one after the other: KIND NUMBER PORT,PORT..., to be traced by others."""
    kind, probes, ports = sys.argv[1:]
    event_loop.run(closed(kind, [int(port) for port in ports.split(",")], 1, int(probes)))


if __name__ == "__main__":
    main()
