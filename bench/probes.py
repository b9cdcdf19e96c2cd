"""How much CPU does one probe cost: tcpSocket, grpc, httpGet, a new connection each time?

Two loads: 20 probes in flight, and one at a time (each pays a whole turn of the event loop). The
server is a process of its own on another CPU. Peers: the bare system calls, which nothing can
beat, and the well-known libraries of asyncio.
"""

from __future__ import annotations

import asyncio
import os
import resource
import select
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

from agent.action import runner
from agent.action.exec import Capture, Captured
from agent.action.handler import Handler, Role, Target
from agent.action.result import ActionResult, Outcome
from agent.action.runner import Engines, Machine
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.model.handler import GRPCAction, HTTPGetAction, ProbeHandler, TCPSocketAction
from bench.framework import Benchmark, Candidate, Metric, Values, fresh

_PROBES = 3000
_PORTS = 32  # spread, so that TIME_WAIT of one port does not make connecting dearer
_BUSY = 20
_EMPTY_DATA = b"\0\0\5\0\1\0\0\0\1"  # the head of the frame that ends a gRPC request
_HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"


def benchmarks() -> tuple[Benchmark, ...]:
    """One for each handler type."""
    return (
        _benchmark("tcpSocket", "tcp", ("bare system calls", "asyncio.open_connection")),
        _benchmark("grpc", "grpc", ("grpc.aio",)),
        _benchmark("httpGet", "http", ("aiohttp",)),
    )


def _benchmark(title: str, kind: str, peers: tuple[str, ...]) -> Benchmark:
    return Benchmark(
        f"{title} probe, a new connection each",
        (Metric("20 in flight", "us CPU"), Metric("one at a time", "us CPU")),
        (
            Candidate("barepod", partial(fresh, measure, kind=kind, peer="")),
            *(
                Candidate(peer, partial(fresh, measure, kind=kind, peer=peer), is_peer=True)
                for peer in peers
            ),
        ),
        rounds=3,
    )


def measure(kind: str, peer: str) -> Values:
    """CPU of this process for each probe, in microseconds."""
    _pin(0)
    with _server() as ports:
        drive = _PEERS.get(peer, _barepod)
        return {
            "20 in flight": asyncio.run(drive(kind, ports, _BUSY)),
            "one at a time": asyncio.run(drive(kind, ports, 1)),
        }


async def _barepod(kind: str, ports: list[int], in_flight: int) -> float:
    reactor, scheduler = Reactor(), Scheduler()
    machine = Machine(reactor=reactor, scheduler=scheduler, random=lambda: 0.5)
    engines = Engines(machine=machine, captures=_no_captures)
    target = Target(address="127.0.0.1", ports=())
    handlers = [runner.prepare(_action(kind, port), target, Role.PROBE, engines) for port in ports]
    try:
        await _Load(handlers, scheduler, in_flight).run(_PORTS * 2)  # connections warm the caches
        before = _cpu()
        await _Load(handlers, scheduler, in_flight).run(_PROBES)
        return (_cpu() - before) / _PROBES
    finally:
        scheduler.close()
        reactor.close()


class _Load:
    """Keeps so many probes in flight; each has its deadline, as a worker's have."""

    def __init__(self, handlers: list[Handler], scheduler: Scheduler, in_flight: int) -> None:
        self._handlers = handlers
        self._scheduler = scheduler
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
        late = self._scheduler.call_later(5.0, lambda: None)

        def done(result: ActionResult) -> None:
            late.cancel()
            assert result.outcome is Outcome.SUCCESS, result
            self._ended += 1
            if self._begun < self._wanted:
                self._loop.call_soon(self._begin)
            elif self._ended == self._wanted:
                self._over.set_result(None)

        handler.start(5.0, done)


def _action(kind: str, port: int) -> ProbeHandler:
    if kind == "tcp":
        return ProbeHandler(tcp_socket=TCPSocketAction(port=port))
    if kind == "grpc":
        return ProbeHandler(grpc=GRPCAction(port=port))
    return ProbeHandler(http_get=HTTPGetAction(path="/healthz", port=port, scheme="HTTP"))


def _no_captures(
    argv: tuple[str, ...], timeout: float | None, done: Callable[[Captured], None]
) -> Capture:
    raise AssertionError("no commands are measured here")


async def _bare(kind: str, ports: list[int], in_flight: int) -> float:
    flags = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    before = _cpu()
    for number in range(_PROBES):
        address = ("127.0.0.1", ports[number % len(ports)])
        sock = socket.SocketType(socket.AF_INET, flags)
        sock.connect_ex(address)
        sock.connect_ex(address)
        sock.close()
    return (_cpu() - before) / _PROBES


async def _streams(kind: str, ports: list[int], in_flight: int) -> float:
    async def once(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()

    return await _spread(once, ports, in_flight)


async def _grpc_aio(kind: str, ports: list[int], in_flight: int) -> float:
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    own_connection = [("grpc.use_local_subchannel_pool", 1)]

    async def once(port: int) -> None:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", own_connection) as channel:
            answer = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=5
            )
            assert answer.status == health_pb2.HealthCheckResponse.SERVING

    return await _spread(once, ports, in_flight)


async def _aiohttp(kind: str, ports: list[int], in_flight: int) -> float:
    import aiohttp

    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def once(port: int) -> None:
            async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
                assert answer.status == 200
                await answer.read()

        return await _spread(once, ports, in_flight)


async def _spread(
    once: Callable[[int], Awaitable[None]], ports: list[int], in_flight: int
) -> float:
    """CPU for each call of `once`, so many at a time."""
    total = _PROBES // 3  # these are slower, and steady enough
    left = iter(range(total))

    async def work(left: Iterator[int]) -> None:
        for number in left:
            await once(ports[number % len(ports)])

    before = _cpu()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work(left))
    return (_cpu() - before) / total


_PEERS = {
    "bare system calls": _bare,
    "asyncio.open_connection": _streams,
    "grpc.aio": _grpc_aio,
    "aiohttp": _aiohttp,
}


def _cpu() -> float:
    """Microseconds of CPU that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e6


def _pin(place: int) -> None:
    """Stay on one of the CPUs that we may use."""
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[place % len(cpus)]})


@contextmanager
def _server() -> Iterator[list[int]]:
    """The server process; gives its ports."""
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    code = "from bench import probes; probes.serve()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    os.sched_setaffinity(0, cpus)
    assert process.stdout is not None
    try:
        yield [int(port) for port in process.stdout.readline().split()]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def serve() -> None:
    """Answer HTTP/1.1 and gRPC health on many ports, until killed."""
    from agent.action.h2 import frames
    from tests.support import h2

    _pin(1)
    greeting = h2.SETTINGS + frames.write(frames.SETTINGS, frames.ACK, 0, b"")
    h2_answers = (greeting, h2.answered(1)[len(h2.SETTINGS) :])
    poll = select.epoll()
    listeners: dict[int, socket.socket] = {}
    clients: dict[int, socket.socket] = {}
    for _ in range(_PORTS):
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        listeners[listener.fileno()] = listener
        poll.register(listener, select.EPOLLIN)
    print(*(listener.getsockname()[1] for listener in listeners.values()), flush=True)
    while True:
        for fd, _ in poll.poll():
            if fd in listeners:
                client, _ = listeners[fd].accept()
                clients[client.fileno()] = client
                poll.register(client, select.EPOLLIN)
            else:
                _answer(poll, clients, fd, h2_answers)


def _answer(
    poll: select.epoll, clients: dict[int, socket.socket], fd: int, h2_answers: tuple[bytes, bytes]
) -> None:
    client = clients[fd]
    try:
        asked = client.recv(65_536)
        greeting = h2_answers[0] if asked.startswith(b"PRI ") else b""
        answer = h2_answers[1] if _EMPTY_DATA in asked else b""
        if greeting or answer:
            client.send(greeting + answer)
        elif asked.startswith(b"GET "):
            client.send(_HTTP)
    except OSError:
        asked = b""
    if not asked or asked.startswith(b"GET "):
        poll.unregister(fd)
        clients.pop(fd).close()
