"""The real API of a real node, in this process: asked over TLS, over its socket, or by kubectl.

async with api.serving(folder) as server:
    reply = await server.ask("GET", "/api/v1/namespaces/default/pods")
    done = await server.kubectl("get", "pods")
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.config import Api, Config
from agent.config import Node as NodeConfig
from agent.daemon.api import APIParts, open_api
from agent.daemon.node import Hooks, open_node
from agent.model.pod import Pod
from agent.pod.manager import PodManager
from agent.store.memory import MemoryStore
from tests.support.children import until
from tests.support.kubectl import Done, advice, kubectl
from tests.support.needs import missing

PODS = "/api/v1/namespaces/default/pods"
_PATIENCE = 25.0


@dataclass(frozen=True)
class Reply:
    """What was answered."""

    status: int
    text: str
    headers: Mapping[str, str]
    warnings: list[str] = field(default_factory=list)

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.text)


class Server:
    """A node with its API."""

    def __init__(self, config: Config, store: MemoryStore, manager: PodManager, port: int) -> None:
        self.config = config
        self.store = store
        self.manager = manager
        self.port = port
        self.troubles: list[str] = []
        self.problems: list[str] = []
        self.watches: Callable[[], int] = lambda: 0
        self._session: aiohttp.ClientSession | None = None

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def pki(self) -> Path:
        """Where the keys are."""
        return Path(self.config.node.state_dir) / "pki"

    def token(self, name: str = "admin") -> str:
        return (self.pki / f"{name}.token").read_text().strip()

    def context(self) -> ssl.SSLContext:
        """TLS that trusts the server."""
        return ssl.create_default_context(cafile=str(self.pki / "ca.crt"))

    def pod(self, name: str = "web", namespace: str = "default") -> Pod:
        found = self.store.get(Pod, namespace, name)
        assert found is not None
        return found

    def has_pod(self, name: str = "web", namespace: str = "default") -> bool:
        return self.store.get(Pod, namespace, name) is not None

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        media: str = "application/json",
        **headers: str,
    ) -> Reply:
        """One request; as the administrator unless told otherwise ("" for nobody)."""
        async with self.stream(method, path, body, token=token, media=media, **headers) as answer:
            return Reply(
                answer.status,
                await answer.text(),
                answer.headers,
                answer.headers.getall("Warning", []),
            )

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        media: str = "application/json",
        **headers: str,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The same, read as it comes."""
        given = self.token() if token is None else token
        sent = {"Authorization": f"Bearer {given}"} if given else {}
        if body is not None:
            sent["Content-Type"] = media
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        data = None if body is None else io.BytesIO(text)
        async with self.session().request(
            method, f"{self.address}{path}", data=data, headers=sent, ssl=self.context()
        ) as answer:
            yield answer

    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def until(self, fact: Callable[[], bool]) -> None:
        """Wait for a fact."""
        await until(fact)

    async def kubectl(
        self, *arguments: str, stdin: str = "", version: str = "", config: str = "kubeconfig"
    ) -> Done:
        """Run the real kubectl, of a minor version if one is given."""
        program = kubectl(version)
        if program is None:
            missing(advice(version))
        home = Path(self.config.node.state_dir).parent / "home"
        home.mkdir(exist_ok=True)
        kubeconfig = f"{self.config.node.state_dir}/{config}"
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOME": str(home), "KUBECONFIG": kubeconfig},
        )
        try:
            out, err = await process.communicate(stdin.encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Done(process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def serving(folder: Path, *, patience: float = _PATIENCE) -> AsyncIterator[Server]:
    """A node of its own in `folder`, with its API; nothing of it is left afterwards."""
    names = ("manifest", "state", "log", "run")
    config = Config(
        node=NodeConfig(name="vm", **{f"{name}_dir": str(folder / name) for name in names}),
        api=Api(listen="127.0.0.1:0"),
    )
    Path(config.node.state_dir).mkdir()
    store = MemoryStore()
    problems: list[str] = []
    troubles: list[str] = []
    hooks = Hooks(follower=lambda *_: None, problem=pytest.fail)
    async with asyncio.timeout(patience), open_node(config, store, hooks, None) as node:
        parts = APIParts(
            config=config,
            store=store,
            node=node,
            troubles=lambda: tuple(troubles),
            problem=problems.append,
            news=problems.append,
        )
        try:
            async with open_api(parts) as opened:
                assert opened.listener is not None
                server = Server(config, store, node.manager, opened.listener.port)
                server.troubles, server.problems = troubles, problems
                server.watches = lambda: opened.watches.number
                _point(config, opened.listener.port)
                try:
                    yield server
                finally:
                    await server.close()
        finally:
            node.manager.kill_all()
    assert problems == []


def _point(config: Config, port: int) -> None:
    """The kubeconfig names the port that was taken."""
    path = Path(config.node.state_dir) / "kubeconfig"
    path.write_text(path.read_text().replace(":0\n", f":{port}\n"))


def manifest(script: str = "exec sleep 1000", name: str = "web", **spec: Any) -> dict[str, Any]:
    """A pod with one container, `main`, that runs a shell script."""
    container = {"name": "main", "image": "busybox", "command": ["sh", "-c", script]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 2, **spec},
    }
