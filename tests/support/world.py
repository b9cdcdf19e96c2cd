"""All kinds of the API above a store in memory and pods that only pretend to run.

async with world() as w:
    reply = await w.ask("POST", PODS, manifest())
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from agent.api.machinery.call import Answer, Call, Query, User
from agent.api.machinery.deleting import Deleter
from agent.api.machinery.errors import APIError
from agent.api.machinery.machinery import Machinery
from agent.api.machinery.reading import Reader
from agent.api.machinery.verbs import verb_of
from agent.api.machinery.watching import Watches
from agent.api.machinery.writing import Writer
from agent.api.resources.catalogue import Catalogue, Parts
from agent.model.pod import Pod
from agent.pod.facts import PodFacts
from agent.pod.manager import PodManager
from agent.pod.placement import Placement
from agent.pod.recorder import Recorder
from agent.pod.starter import BackOffLimits
from agent.store.memory import MemoryStore
from tests.support.virtual_loop import VirtualClock

PODS = "/api/v1/namespaces/default/pods"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
ADMIN = User("admin", ("system:masters",))


class PretendedWorker:
    """Runs a pod until it is let go."""

    def __init__(self, pod: Pod, clock: VirtualClock) -> None:
        self.pod = pod
        self.facts = PodFacts(clock=clock)
        self.graces: list[int | None] = []
        self.over = asyncio.Event()
        self.is_stuck = False

    def stop(self, pod: Pod, grace_seconds: int | None = None) -> None:
        self.pod = pod
        self.graces.append(grace_seconds)
        if not self.is_stuck:
            self.over.set()

    def update(self, pod: Pod) -> None:
        self.pod = pod

    def reconfigure(self, limits: BackOffLimits) -> None:
        """Nothing depends on it."""

    def hasten(self, seconds: int) -> None:
        self.over.set()

    def kill(self) -> None:
        self.over.set()

    async def run(self) -> None:
        await self.over.wait()


class World:
    """What a test sees of it."""

    def __init__(self, store: MemoryStore, clock: VirtualClock) -> None:
        self.store = store
        self.clock = clock
        self.workers: dict[str, PretendedWorker] = {}
        self.are_stuck = False
        self.manager: PodManager
        self.catalogue: Catalogue
        self.machinery: Machinery
        self.watches: Watches

    def build(self, pod: Pod) -> PretendedWorker:
        """The worker of a pod; a stuck one does not end when it is told to."""
        worker = self.workers[pod.metadata.name] = PretendedWorker(pod, self.clock)
        worker.is_stuck = self.are_stuck
        return worker

    async def end(self, name: str) -> None:
        """Nothing of the pod runs any more."""
        self.workers[name].over.set()
        await self.settle()

    async def settle(self) -> None:
        """Let everything happen that can happen now."""
        for _ in range(10):
            await asyncio.sleep(0)

    def pod(self, name: str = "web", namespace: str = "default") -> Pod | None:
        return self.store.get(Pod, namespace, name)

    async def answer(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        media: str = "application/json",
        accept: str = "",
        user: User = ADMIN,
        agent: str = "",
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer; APIError."""
        address = self.catalogue.registry.address(path)
        assert address is not None, path
        asked = Query(query or {})
        if body is None:
            data = b""
        else:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.machinery.answer(
            Call(
                verb=verb_of(method, address, asked),
                resource=address.resource,
                user=user,
                namespace=address.namespace,
                name=address.name,
                subresource=address.subresource,
                query=asked,
                accept=accept,
                content_type=media if body is not None else "",
                user_agent=agent,
                body=data,
            )
        )

    async def ask(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """The body of the answer, also when it is a refusal."""
        try:
            answer = await self.answer(method, path, body, **options)
        except APIError as exc:
            return json.loads(msgspec.json.encode(exc.status))
        return json.loads(answer.body)

    async def lines(self, path: str, **options: Any) -> AsyncIterator[Any]:
        """The events of a watch, as they come."""
        query = {"watch": "true", **options.pop("query", {})}
        answer = await self.answer("GET", path, query=query, **options)
        assert answer.pieces is not None
        async for piece in answer.pieces:
            for line in piece.splitlines():
                yield json.loads(line)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """A node called `vm` with the namespaces that are always there."""
    store, clock = MemoryStore(), VirtualClock()
    made = World(store, clock)
    recorder = Recorder(store, clock, "vm")
    faults: list[Exception] = []
    async with PodManager(
        build=made.build,
        store=store,
        recorder=recorder,
        clock=clock,
        node_name="vm",
        on_fault=lambda _, exc: faults.append(exc),
    ) as manager:
        made.manager = manager

        async def none(namespace: str, name: str) -> tuple[Any, ...]:
            return ()

        made.catalogue = Catalogue(
            Parts(
                store=store,
                now=clock.now,
                runner=manager,
                places=Placement(store, recorder, clock, "vm", start=manager.add),
                find_pod_metrics=none,
                find_node_metrics=none,
            )
        )
        made.catalogue.namespaces.begin()
        reader = Reader(store)
        made.watches = Watches(store, clock)
        made.machinery = Machinery(
            reader=reader,
            writer=Writer(store, clock.now, lambda: 0.5),
            deleter=Deleter(store, reader),
            watches=made.watches,
            clock=clock,
        )
        try:
            yield made
        finally:
            made.watches.close()
            manager.kill_all()
    assert faults == []


def manifest(name: str = "web", **spec: Any) -> dict[str, Any]:
    """A pod with one container."""
    container = {"name": "main", "image": "busybox", "command": ["sleep", "1000"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [container], **spec},
    }


def config_map(name: str = "settings", **data: str) -> dict[str, Any]:
    """A ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": name}},
        "data": data,
    }
