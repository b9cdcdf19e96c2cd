"""A real HAProxy before two servers, and clients that keep asking through it."""

from __future__ import annotations

import asyncio
import csv
import os
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.needs import missing

#: No retries, no redispatch: whatever goes wrong with a request is seen by its client.
CONFIGURATION = """
global
    stats socket {folder}/stats mode 600 level user
    maxconn 200
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend front
    bind 127.0.0.1:{front}
    default_backend back
backend back
    balance roundrobin
{servers}
"""
SERVER = (
    "    server {name} 127.0.0.1:{port} agent-check agent-addr 127.0.0.1 agent-port {agent_port}"
    ' agent-inter 50ms agent-send "{line}\\n"\n'
)
#: What HAProxy calls a server that gets requests; the second without a health check beside ours.
IN_SERVICE = ("UP", "no check")
#: What it calls one that gets no new ones.
DRAINED = ("DRAIN",)
_PATIENCE = 15.0
_PAUSE = 0.005


def program() -> str:
    """HAProxy, or the end of this test."""
    found = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        missing("needs haproxy (Debian: apt-get install haproxy)")
    return found


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass(frozen=True)
class HAProxy:
    """A running one; `port` is where clients ask."""

    port: int
    folder: Path

    async def status(self, server: str) -> str:
        """How it sees a server now: UP, DOWN, DRAIN and the like."""
        reader, writer = await asyncio.open_unix_connection(str(self.folder / "stats"))
        writer.write(b"show stat back 4 -1\n")
        table = (await reader.read()).decode().lstrip("# ")
        writer.close()
        await writer.wait_closed()
        for row in csv.DictReader(table.splitlines()):
            if row["svname"] == server:
                return row["status"]
        raise AssertionError(f"HAProxy knows no server {server}: {table}")

    async def until(self, server: str, statuses: tuple[str, ...]) -> None:
        """Wait until it sees a server like this."""
        async with asyncio.timeout(_PATIENCE):
            while not (await self.status(server)).startswith(statuses):
                await asyncio.sleep(0.02)


@asynccontextmanager
async def haproxy(
    folder: Path, servers: Mapping[str, int], agent_port: int
) -> AsyncIterator[HAProxy]:
    """HAProxy before the pods of these names, in namespace default, that listen on these ports."""
    proxy = HAProxy(free_port(), folder)
    lines = (
        SERVER.format(name=name, port=port, agent_port=agent_port, line=f"default/{name}")
        for name, port in servers.items()
    )
    config = folder / "haproxy.cfg"
    text = CONFIGURATION.format(folder=folder, front=proxy.port, servers="".join(lines))
    config.write_text(text)
    with (folder / "haproxy.log").open("wb") as log:
        process = subprocess.Popen(
            [program(), "-db", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=log
        )
    try:
        async with asyncio.timeout(_PATIENCE):
            while not (folder / "stats").is_socket():
                assert process.poll() is None, (folder / "haproxy.log").read_text()
                await asyncio.sleep(0.02)
        yield proxy
    finally:
        process.kill()
        process.wait(_PATIENCE)


@dataclass
class Load:
    """Clients that ask one request after the other, each on a new connection or all on one."""

    port: int
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _over: bool = False

    @asynccontextmanager
    async def running(self, clients: int = 4) -> AsyncIterator[None]:
        """Ask all the time; every second client keeps its connection."""
        async with asyncio.TaskGroup() as group:
            for number in range(clients):
                group.create_task(self._client(keeps=number % 2 == 0))
            try:
                yield
            finally:
                self._over = True

    async def _client(self, *, keeps: bool) -> None:
        while not self._over:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError as exc:
                self.failures.append(repr(exc))
                return
            try:
                await self._ask(reader, writer)
                while keeps and not self._over:
                    await self._ask(reader, writer)
            except (OSError, EOFError) as exc:
                self.failures.append(repr(exc))
            finally:
                writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(line for line in head.lower().split("\r\n") if line.startswith("content-le"))
        body = (await reader.readexactly(int(length.partition(":")[2]))).decode()
        if head.split()[1] == "200":
            self.answers[body] += 1
        else:
            self.failures.append(f"{head}{body}")
        await asyncio.sleep(_PAUSE)
