"""The listeners of health, readiness and metrics: opened together, closed together.

They must outlive the pods: a pod that is being drained is asked about until it is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from agent.api.haproxy import AgentCheck
from agent.api.heartbeat import Heartbeat
from agent.api.listener import Listener, Service
from agent.api.pods import FindsPods, KeepsState
from agent.host.clock import Clock
from agent.host.scheduler import Scheduler
from agent.model.pod import Pod
from agent.pod.facts import PodFacts
from agent.pod.metrics import Metrics

if TYPE_CHECKING:
    from agent.api.metrics import Exposition


class ListenerParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the listeners need of a node.

    `facts` are those of the pods that run. `troubles` are the reasons why the agent does not do
    its work yet, the manifest directory not having been read, say. `problem` hears why an address
    cannot be listened on, `news` that it can after all.
    """

    pods: FindsPods
    state: KeepsState
    metrics: Metrics
    facts: Callable[[], Iterable[tuple[Pod, PodFacts]]]
    troubles: Callable[[], tuple[str, ...]]
    clock: Clock
    scheduler: Scheduler
    version: str
    kubernetes_version: str
    problem: Callable[[str], None]
    news: Callable[[str], None]


@asynccontextmanager
async def open_listeners(
    parts: ListenerParts, *, health: str, agent_check: str
) -> AsyncIterator[Mapping[str, Listener]]:
    """Listen on these addresses (`HOST:PORT`, or empty for none); gives the listeners by name.

    An address that cannot be listened on is tried again until it can. Leaving the context ends
    all connections.
    """
    heartbeat = Heartbeat(parts.scheduler)
    listeners: dict[str, Listener] = {}

    def troubles() -> tuple[str, ...]:
        closed = (one.trouble for one in listeners.values() if one.trouble)
        return (*closed, *parts.troubles())

    if health:
        listeners["health"] = _listener(
            "health", health, _health(parts, heartbeat, troubles), parts
        )
    if agent_check:
        service = AgentCheck(parts.pods)
        listeners["agent-check"] = _listener("agent-check", agent_check, service, parts)
    try:
        async with asyncio.TaskGroup() as group:
            waiting = [one for one in listeners.values() if not await one.open()]
            tasks = [group.create_task(one.open_later(), name="listener") for one in waiting]
            yield listeners
            for task in tasks:
                task.cancel()
    finally:
        heartbeat.stop()
        for one in listeners.values():
            await one.close()


def _listener(name: str, address: str, service: Service, parts: ListenerParts) -> Listener:
    return Listener(
        name, address, service, clock=parts.clock, problem=parts.problem, news=parts.news
    )


def _health(
    parts: ListenerParts, heartbeat: Heartbeat, troubles: Callable[[], tuple[str, ...]]
) -> Service:
    from agent.api.health import Health, HealthParts
    from agent.api.http_server import HTTPService

    exposition: list[Exposition] = []

    async def render(accept: str) -> tuple[bytes, str]:
        if not exposition:
            exposition.append(_exposition(parts, heartbeat))
        return await exposition[0].render(accept)

    answers = HealthParts(
        pods=parts.pods, state=parts.state, heartbeat=heartbeat, troubles=troubles, render=render
    )
    return HTTPService(Health(answers))


def _exposition(parts: ListenerParts, heartbeat: Heartbeat) -> Exposition:
    """Made for the first who asks for metrics: prometheus_client takes a while to import."""
    from agent.api.metrics import Exposition, MetricsParts

    return Exposition(
        MetricsParts(
            counted=parts.metrics,
            pods=parts.pods,
            facts=parts.facts,
            lag=heartbeat.lag,
            clock=parts.clock,
            version=parts.version,
            kubernetes_version=parts.kubernetes_version,
        )
    )
