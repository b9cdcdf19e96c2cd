"""A real node with pods, behind the smallest API server that kubectl can stream from."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from agent.api.streaming.attaching import attach
from agent.api.streaming.execution import execute
from agent.api.streaming.logs import logs
from agent.api.streaming.node import StreamingNode
from agent.api.streaming.port_forward import port_forward
from agent.api.streaming.refusal import Refusal
from agent.api.streaming.visits import MAX_VISITS, Visits
from agent.config import Config, Node
from agent.daemon.node import Hooks, open_node
from agent.manifest.defaults import default_pod
from agent.model.pod import Pod
from agent.pod.facts import PodFacts
from agent.pod.manager import PodManager
from agent.store.memory import MemoryStore
from tests.support.children import until

Serve = Callable[[web.BaseRequest, Pod, StreamingNode], Awaitable[web.StreamResponse]]

_PATIENCE = 25.0
_VERSION = {"major": "1", "minor": "32", "gitVersion": "v1.32.5+barepod"}
_PODS = {
    "name": "pods",
    "singularName": "pod",
    "namespaced": True,
    "kind": "Pod",
    "verbs": ["get", "list", "create"],
    "shortNames": ["po"],
}
_OF_THE_POD = ("initContainers", "restartPolicy", "volumes")
_ROUTES: dict[str, Serve] = {
    "log": logs,
    "exec": execute,
    "attach": attach,
    "portforward": port_forward,
}


class Server:
    """A node, its pods, and an address for clients."""

    def __init__(
        self, manager: PodManager, store: MemoryStore, node: StreamingNode, folder: Path
    ) -> None:
        self.manager = manager
        self.store = store
        self.node = node
        self.folder = folder
        self.port = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, what: str, pod: str = "web") -> str:
        """Where to ask for something of a pod."""
        return f"{self.address}/api/v1/namespaces/default/pods/{pod}/{what}"

    def pod(self, name: str = "web") -> Pod:
        pod = self.store.get(Pod, "default", name)
        assert pod is not None
        return pod

    def facts(self, name: str = "web") -> PodFacts:
        facts = self.manager.facts_of("default", name)
        assert facts is not None
        return facts

    def add(self, script: str, name: str = "web", **fields: Any) -> None:
        """Start a pod with one container, `main`, that runs a shell script."""
        self.manager.add(pod(script, name, **fields))

    async def run(self, script: str, name: str = "web", **fields: Any) -> Pod:
        """Start a pod like `add`, and wait until it runs."""
        self.add(script, name, **fields)
        facts = self.facts(name)
        await until(lambda: bool(facts.live) and self.pod(name).status.phase != "Pending")
        return self.pod(name)

    async def idle(self) -> None:
        """Wait until nobody is served and nothing runs but the main processes."""
        await until(lambda: self.node.visits.count == 0)
        for _, facts in self.manager.facts():
            for instance in facts.live.values():
                await until(lambda instance=instance: len(instance.pids()) == 1)  # type: ignore[misc]


def pod(script: str, name: str = "web", **fields: Any) -> Pod:
    """A pod whose only container, `main`, is a shell script; `exec` the last command of it."""
    own = {key: fields.pop(key) for key in _OF_THE_POD if key in fields}
    container = {"name": "main", "image": "none", "command": ["sh", "-c", script], **fields}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1, **own}
    metadata = {"name": name, "namespace": "default"}
    return default_pod(msgspec.convert({"metadata": metadata, "spec": spec}, Pod))


@asynccontextmanager
async def serving(folder: Path, *, limit: int = MAX_VISITS) -> AsyncIterator[Server]:
    """A node of its own in `folder`; nothing of it is left afterwards."""
    names = ("manifest", "state", "log", "run")
    config = Config(node=Node(name="vm", **{f"{name}_dir": str(folder / name) for name in names}))
    hooks = Hooks(follower=lambda *_: None, problem=pytest.fail)
    store = MemoryStore()
    async with asyncio.timeout(_PATIENCE), open_node(config, store, hooks, None) as node:
        streaming = StreamingNode(
            machine=node.machine,
            facts=node.manager.facts_of,
            log_dir=config.node.log_dir,
            address="127.0.0.1",
            visits=Visits(node.machine.reactor, limit),
        )
        server = Server(node.manager, store, streaming, folder)
        try:
            async with _listening(server):
                yield server
                await streaming.visits.close()
        finally:
            node.manager.delete_all()


@asynccontextmanager
async def _listening(server: Server) -> AsyncIterator[None]:
    async def preamble(request: web.Request) -> web.StreamResponse:
        answers: dict[str, object] = {
            "/version": _VERSION,
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
            "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [_PODS]},
        }
        return web.json_response(answers[request.path])

    async def get_pod(request: web.Request) -> web.StreamResponse:
        found = server.store.get(Pod, "default", request.match_info["pod"])
        if found is None:
            raise web.HTTPNotFound
        body = {"kind": "Pod", "apiVersion": "v1", **msgspec.to_builtins(found)}
        return web.json_response(body)

    async def stream(request: web.Request) -> web.StreamResponse:
        serve = _ROUTES[request.match_info["what"]]
        try:
            return await serve(request, server.pod(request.match_info["pod"]), server.node)
        except Refusal as exc:
            return exc.response()

    app = web.Application()
    pods = "/api/v1/namespaces/default/pods/{pod}"
    for path in ("/version", "/api", "/apis", "/api/v1"):
        app.router.add_get(path, preamble)
    app.router.add_get(pods, get_pod)
    app.router.add_route("*", f"{pods}/{{what}}", stream)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    server.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield
    finally:
        await runner.cleanup()


def kubectl(version: str = "") -> str | None:
    """The path of a kubectl, of this minor version if given; None if it is not there."""
    if not version:
        return shutil.which("kubectl")
    found = shutil.which("kubectl")
    beside = Path(found).resolve().parent / f"kubectl.{version}" if found else None
    return str(beside) if beside is not None and beside.exists() else None
