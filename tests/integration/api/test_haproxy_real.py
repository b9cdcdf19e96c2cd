"""Rolling restarts of two pods behind a real HAProxy, under load: no request fails."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.config import Config, Node
from agent.daemon.node import Hooks, open_node
from agent.manifest.defaults import default_pod
from agent.model.pod import Pod
from agent.pod.manager import PodManager
from agent.rules.traffic import Traffic, pod_standing
from agent.store.memory import MemoryStore
from tests.support.haproxy import (
    DRAINED,
    IN_SERVICE,
    HAProxy,
    Load,
    free_port,
    haproxy,
    program,
)
from tests.support.listening import listening

pytestmark = [pytest.mark.integration, pytest.mark.asyncio, pytest.mark.timeout(900)]

#: Rolling restarts: each restarts both pods, one after the other.
RESTARTS = 100 if os.environ.get("BAREPOD_LONG") else 5
_PATIENCE = 30.0
#: Answers with its name on connections that it keeps; dies of SIGTERM in the middle of anything.
CODE = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_GET(self):
        body = sys.argv[1].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
"""


class Backend:
    """The pods behind HAProxy."""

    def __init__(self, manager: PodManager, store: MemoryStore, ports: dict[str, int]) -> None:
        self._manager = manager
        self._store = store
        self._ports = ports

    def start(self, name: str) -> None:
        self._manager.add(manifest(name, self._ports[name]))

    async def restart(self, name: str, proxy: HAProxy) -> None:
        """Delete the pod, see HAProxy drain it, start it anew, see it back."""
        uid = self._pod(name).metadata.uid
        self._manager.delete("default", name)
        await proxy.until(name, DRAINED)
        assert self._pod(name).metadata.uid == uid  # it still serves
        await until(lambda: self._store.get(Pod, "default", name) is None)
        self.start(name)
        await proxy.until(name, IN_SERVICE)

    def is_ready(self, name: str) -> bool:
        return pod_standing(self._pod(name)).traffic is Traffic.SEND

    def _pod(self, name: str) -> Pod:
        pod = self._store.get(Pod, "default", name)
        assert pod is not None
        return pod


def manifest(name: str, port: int) -> Pod:
    container: dict[str, Any] = {
        "name": "web",
        "image": "none",
        "command": [sys.executable, "-I", "-S", "-c", CODE, name, str(port)],
        "readinessProbe": {"httpGet": {"port": port}, "periodSeconds": 1},
    }
    metadata = {
        "name": name,
        "namespace": "default",
        "annotations": {"barepod.dev/drain-seconds": "0.5"},
    }
    return default_pod(
        msgspec.convert({"metadata": metadata, "spec": {"containers": [container]}}, Pod)
    )


@asynccontextmanager
async def backend(
    folder: Path, store: MemoryStore, ports: dict[str, int]
) -> AsyncIterator[Backend]:
    problems: list[str] = []
    folders = {f"{name}_dir": str(folder / name) for name in ("manifest", "state", "log", "run")}
    config = Config(node=Node(name="vm", **folders))
    hooks = Hooks(follower=lambda *_: None, problem=problems.append)
    async with open_node(config, store, hooks, None) as node:
        try:
            yield Backend(node.manager, store, ports)
        finally:
            node.manager.kill_all()
    assert problems == []


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not fact():
            await asyncio.sleep(0.01)


async def test_rolling_restarts_lose_no_request(tmp_path: Path) -> None:
    program()
    ports = {name: free_port() for name in ("web-0", "web-1")}
    store = MemoryStore()

    async with listening(store) as outside, backend(tmp_path, store, ports) as pods:
        for name in ports:
            pods.start(name)
        await until(lambda: all(pods.is_ready(name) for name in ports))
        agent_port = outside.listeners["agent-check"].port
        async with haproxy(tmp_path, ports, agent_port) as proxy:
            load = Load(proxy.port)
            async with load.running():
                for _ in range(RESTARTS):
                    for name in ports:
                        await pods.restart(name, proxy)

    assert load.failures == []
    assert min(load.answers[name] for name in ports) > 100
