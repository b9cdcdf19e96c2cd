"""Open listeners over a few published pods, and small clients that ask them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field

from agent.api.listener import Listener
from agent.api.listeners import ListenerParts, open_listeners
from agent.host.clock import SystemClock
from agent.host.scheduler import Scheduler
from agent.pod.metrics import Metrics
from agent.store.memory import MemoryStore

ANY = "127.0.0.1:0"
_BOUND = 10.0


@dataclass
class State:
    """A store that may have trouble with its disk."""

    trouble: str = ""


@dataclass
class Outside:
    """What is around the listeners; tests change it."""

    store: MemoryStore
    state: State = field(default_factory=State)
    troubles: tuple[str, ...] = ()
    metrics: Metrics = field(default_factory=Metrics)
    problems: list[str] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    listeners: Mapping[str, Listener] = field(default_factory=dict)

    async def ask(self, path: str, method: str = "GET", *headers: str) -> Answer:
        """One request to the health listener."""
        lines = (f"{method} {path} HTTP/1.1", "Host: anything", *headers, "", "")
        return Answer.of(await self.exchange("health", "\r\n".join(lines).encode()))

    async def check(self, line: str | None = None) -> str:
        """One agent check, as HAProxy makes it."""
        sent = b"" if line is None else f"{line}\n".encode()
        return (await self.exchange("agent-check", sent)).decode()

    async def exchange(self, listener: str, sent: bytes) -> bytes:
        """Send this, read to the end."""
        async with asyncio.timeout(_BOUND):
            port = self.listeners[listener].port
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with closing(writer):
                writer.write(sent)
                received = await reader.read()
            await writer.wait_closed()
            return received


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: str

    @classmethod
    def of(cls, received: bytes) -> Answer:
        head, _, body = received.decode().partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (x.partition(": ") for x in lines)}
        return cls(int(first.split()[1]), headers, body)


@asynccontextmanager
async def listening(
    store: MemoryStore, *, health: str = ANY, agent_check: str = ANY
) -> AsyncIterator[Outside]:
    """The listeners of a node that publishes what is in `store`."""
    outside, scheduler = Outside(store), Scheduler()
    parts = ListenerParts(
        pods=store,
        state=outside.state,
        metrics=outside.metrics,
        facts=tuple,
        troubles=lambda: outside.troubles,
        clock=SystemClock(),
        scheduler=scheduler,
        version="1.2.3",
        kubernetes_version="v1.34.0",
        problem=outside.problems.append,
        news=outside.news.append,
    )
    try:
        async with open_listeners(parts, health=health, agent_check=agent_check) as opened:
            outside.listeners = opened
            yield outside
    finally:
        scheduler.close()


@contextmanager
def taken(host: str = "127.0.0.1") -> Iterator[int]:
    """A port on which somebody listens: we."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as sock:
        yield int(sock.getsockname()[1])
