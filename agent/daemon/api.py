"""Composes the API of a node: kinds, door, listeners. Imports aiohttp: import this late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from random import random

import msgspec
from aiohttp import web

from agent import KUBERNETES_VERSION, __version__
from agent.api.access.credentials import Keys
from agent.api.access.identity import Tokens, certified, peer_certificate
from agent.api.access.kubeconfig import kubeconfig_of, server_url
from agent.api.connections import APIService
from agent.api.front import Connect, Front, FrontParts
from agent.api.listener import Listener
from agent.api.local_listener import LocalListener, local_user
from agent.api.machinery.call import User
from agent.api.machinery.deleting import Deleter
from agent.api.machinery.machinery import Machinery
from agent.api.machinery.reading import Reader
from agent.api.machinery.watching import Watches
from agent.api.machinery.writing import Writer
from agent.api.pages import Pages
from agent.api.resources.catalogue import Catalogue, Parts
from agent.api.resources.metrics import Usages
from agent.api.streaming.attaching import attach
from agent.api.streaming.execution import execute
from agent.api.streaming.logs import logs
from agent.api.streaming.node import StreamingNode
from agent.api.streaming.port_forward import port_forward
from agent.api.streaming.visits import Visits
from agent.config import Config
from agent.daemon.keys import keys_of, names_of
from agent.daemon.node import Node
from agent.host import files
from agent.pod.node_keeper import NodeKeeper
from agent.pod.placement import Placement
from agent.store.interface import Store

#: In the state directory, for who may read it.
KUBECONFIG = "kubeconfig"


class APIParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the API is made from.

    `problem` hears what does not work, `news` that it works after all;
    `troubles` are the reasons why the agent does not do its work yet.
    """

    config: Config
    store: Store
    node: Node
    troubles: Callable[[], tuple[str, ...]]
    problem: Callable[[str], None]
    news: Callable[[str], None]


class OpenAPI(msgspec.Struct, frozen=True):
    """An API that is served; `listener` is None where nothing listens on TCP.

    `look` publishes the node as it is now, without waiting for its next heartbeat.
    """

    watches: Watches
    listener: Listener | None
    socket_path: str
    look: Callable[[], None]


@asynccontextmanager
async def open_api(parts: APIParts) -> AsyncIterator[OpenAPI]:
    """Serve the API until the context is left; then all its connections end."""
    config, machine = parts.config, parts.node.machine
    catalogue, places = _catalogue(parts)
    catalogue.namespaces.begin()
    keeper = NodeKeeper(
        parts.store,
        machine.clock,
        machine.scheduler,
        name=config.node.name,
        address=config.node.address,
        disk_path=config.node.state_dir,
        versions=(KUBERNETES_VERSION, __version__),
        troubles=parts.troubles,
    )
    watches = Watches(parts.store, machine.clock)
    visits = Visits(machine.reactor)
    front = _front_parts(parts, catalogue, watches, visits)
    local = LocalListener(config.node.run_dir, APIService(Front(front, _local)), parts.problem)
    listener = await _listener(parts, front) if config.api.listen else None
    keeper.start()
    places.look()
    try:
        async with asyncio.TaskGroup() as group:
            await local.open()
            later = None
            if listener is not None and not await listener.open():
                later = group.create_task(listener.open_later(), name="api listener")
            yield OpenAPI(watches, listener, local.path, keeper.look)
            if later is not None:
                later.cancel()
    finally:
        keeper.stop()
        watches.close()
        await visits.close()
        await local.close()
        if listener is not None:
            await listener.close()


def _catalogue(parts: APIParts) -> tuple[Catalogue, Placement]:
    node, store, clock = parts.node, parts.store, parts.node.machine.clock
    usages = Usages(node.manager.facts, clock, parts.config.node.name)
    places = Placement(store, node.recorder, clock, parts.config.node.name, start=node.manager.add)
    catalogue = Catalogue(
        Parts(
            store=store,
            now=clock.now,
            runner=node.manager,
            places=places,
            find_pod_metrics=usages.pods,
            find_node_metrics=usages.nodes,
        )
    )
    return catalogue, places


def _front_parts(
    parts: APIParts, catalogue: Catalogue, watches: Watches, visits: Visits
) -> FrontParts:
    store, clock = parts.store, parts.node.machine.clock
    reader = Reader(store)
    machinery = Machinery(
        reader=reader,
        writer=Writer(store, clock.now, random),
        deleter=Deleter(store, reader),
        watches=watches,
        clock=clock,
    )
    return FrontParts(
        registry=catalogue.registry,
        machinery=machinery,
        pages=Pages(catalogue.registry, __version__, parts.troubles),
        store=store,
        clock=clock,
        connect=_connect(parts, visits),
        problem=parts.problem,
    )


def _connect(parts: APIParts, visits: Visits) -> Mapping[str, Connect]:
    """Streams into pods."""
    node = StreamingNode(
        machine=parts.node.machine,
        facts=parts.node.manager.facts_of,
        log_dir=parts.config.node.log_dir,
        address=parts.config.node.address,
        visits=visits,
    )
    kinds = {"attach": attach, "exec": execute, "log": logs, "portforward": port_forward}
    return {name: partial(serve, node=node) for name, serve in kinds.items()}


async def _listener(parts: APIParts, front: FrontParts) -> Listener | None:
    """The listener on TCP, with keys that are made if need be."""
    config, clock = parts.config, parts.node.machine.clock
    try:
        keys = await asyncio.to_thread(keys_of, config, clock.now())
        _write_kubeconfig(config, keys)
    except OSError as exc:
        parts.problem(f"api: cannot keep keys in {config.node.state_dir}: {exc.strerror or exc}")
        return None
    tokens = Tokens(keys.admin_token, keys.reader_token)

    def identify(request: web.BaseRequest) -> User | None:
        known = tokens.user(request.headers.get("Authorization", ""))
        return known or certified(peer_certificate(request.transport))

    hosts = frozenset(name.lower() for name in names_of(config))
    return Listener(
        "api",
        config.api.listen,
        APIService(Front(front, identify, hosts)),
        clock=clock,
        problem=parts.problem,
        news=parts.news,
        tls=keys.server_context(),
    )


def _write_kubeconfig(config: Config, keys: Keys) -> None:
    """For who may read the state directory."""
    text = kubeconfig_of(
        keys, server_url(config.api.listen), is_reader=False, with_certificate=False
    )
    files.write_atomically(f"{config.node.state_dir}/{KUBECONFIG}", text.encode())


def _local(request: web.BaseRequest) -> User | None:
    return local_user(request.transport)
