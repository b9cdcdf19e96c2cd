"""How late do probes begin, measured against their schedule, in the whole product?

A foreground run in an interpreter of its own: 100 containers with a liveness and a readiness probe
each, every second. Late is what lies between the moment at which a probe was due and the call of
its handler.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.framework import Benchmark, Candidate, Metric, Values, cpu_seconds, fresh, percentile
from bench.support import observed

_CONTAINERS = 100
_SECONDS = 10
_WARM_UP = 5.0
_MS = 1000
_SERVER = """
import asyncio
class Answer(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
        self.transport.close()
async def main():
    server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
_MIXES = {
    "http": ("httpGet",),
    "http, tcp, exec": ("httpGet", "tcpSocket", "httpGet", "tcpSocket", "exec"),
}


def benchmarks() -> tuple[Benchmark, ...]:
    """One for each mix of handlers."""
    return tuple(
        Benchmark(
            f"lateness of {2 * _CONTAINERS} probes at 1 s period in `barepod run`: {mix}",
            (
                Metric("p50", "ms"),
                Metric("p99", "ms", target="at most 10"),
                Metric("CPU", "% of a core"),
            ),
            (
                Candidate("barepod", partial(fresh, lateness, handlers=list(handlers))),
                Candidate("timers that do nothing", partial(fresh, idle_timers), is_peer=True),
            ),
            rounds=2,
        )
        for mix, handlers in _MIXES.items()
    )


def lateness(handlers: list[str]) -> Values:
    """Run for some seconds and collect."""
    observed.install()
    with tempfile.TemporaryDirectory() as folder, _server() as port:
        path = Path(folder) / "pod.yaml"
        path.write_text(json.dumps(_pod(handlers, port)))
        spent: list[float] = []
        taken: list[float] = []

        def begin() -> None:
            observed.seen.clear()
            spent.append(cpu_seconds())

        def end() -> None:
            spent.append(cpu_seconds())
            taken.extend(late for _, late in observed.seen)
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Timer(_WARM_UP, begin).start()
        threading.Timer(_WARM_UP + _SECONDS, end).start()
        _run(str(path))
    expected = 2 * _CONTAINERS * _SECONDS
    if len(taken) < expected * 0.9:
        raise RuntimeError(f"only {len(taken)} of {expected} probes ran")
    return {
        "p50": percentile(taken, 50),
        "p99": percentile(taken, 99),
        "CPU": (spent[1] - spent[0]) * 100 / _SECONDS,
    }


def idle_timers() -> Values:
    """What this machine allows: as many timers of an asyncio loop, evenly spread, without work."""
    late: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def tick(due: float) -> None:
            late.append(loop.time() - due)
            loop.call_at(due + 1, tick, due + 1)

        for number in range(2 * _CONTAINERS):
            due = loop.time() + number / (2 * _CONTAINERS)
            loop.call_at(due, tick, due)
        await asyncio.sleep(_SECONDS)

    asyncio.run(main())
    return {
        "p50": percentile(late, 50) * _MS,
        "p99": percentile(late, 99) * _MS,
        "CPU": cpu_seconds() * 100 / _SECONDS,
    }


def _run(path: str) -> None:
    """As the command does, without showing anything."""
    from agent import boot
    from agent.cli.start import start
    from agent.host.launch import launch

    launched = launch()
    boot.hurry()
    start((path,), output="quiet", launched=launched)


def _pod(handlers: list[str], port: int) -> dict[str, Any]:
    def probe(number: int) -> dict[str, Any]:
        match handlers[number % len(handlers)]:
            case "httpGet":
                handler: dict[str, Any] = {"httpGet": {"port": port}}
            case "tcpSocket":
                handler = {"tcpSocket": {"port": port}}
            case _:
                handler = {"exec": {"command": ["/bin/true"]}}
        return {**handler, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 100}

    containers = [
        {
            "name": f"c{number}",
            "image": "none",
            "command": ["sleep", "1000"],
            "livenessProbe": probe(2 * number),
            "readinessProbe": probe(2 * number + 1),
        }
        for number in range(_CONTAINERS)
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "barepod-bench"},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": containers},
    }


@contextmanager
def _server() -> Iterator[int]:
    """A server that answers every request with 200; its port."""
    server = subprocess.Popen(
        [sys.executable, "-I", "-c", _SERVER], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        socket.create_connection(("127.0.0.1", port), 5).close()
        yield port
    finally:
        server.kill()
        server.wait()
