"""What probes cost with the well-known libraries of asyncio, and with bare system calls."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator

from bench.support.cpu import used

#: Microseconds of CPU for each probe: ports, how many at a time, how many probes.
Drive = Callable[[list[int], int, int], Awaitable[float]]


async def bare(ports: list[int], in_flight: int, probes: int) -> float:
    """Connect and close, one after the other: nothing can beat it."""
    flags = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    before = used()
    for number in range(probes):
        address = ("127.0.0.1", ports[number % len(ports)])
        sock = socket.SocketType(socket.AF_INET, flags)
        sock.connect_ex(address)
        sock.connect_ex(address)
        sock.close()
    return (used() - before) / probes


async def streams(ports: list[int], in_flight: int, probes: int) -> float:
    """asyncio.open_connection."""

    async def once(port: int) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()

    return await _spread(once, ports, in_flight, probes)


async def grpc_aio(ports: list[int], in_flight: int, probes: int) -> float:
    """A channel of grpcio for each probe."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    own_connection = [("grpc.use_local_subchannel_pool", 1)]

    async def once(port: int) -> None:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", own_connection) as channel:
            answer = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=5
            )
            assert answer.status == health_pb2.HealthCheckResponse.SERVING

    return await _spread(once, ports, in_flight, probes)


async def aiohttp_client(ports: list[int], in_flight: int, probes: int) -> float:
    """One session, a new connection for each request."""
    return await _requests("http", ports, in_flight, probes)


async def aiohttp_tls(ports: list[int], in_flight: int, probes: int) -> float:
    """The same over TLS, nothing verified."""
    return await _requests("https", ports, in_flight, probes)


async def subprocesses(ports: list[int], in_flight: int, probes: int) -> float:
    """asyncio.create_subprocess_exec."""

    async def once(port: int) -> None:
        process = await asyncio.create_subprocess_exec(
            "/bin/true", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        await process.communicate()
        assert process.returncode == 0

    return await _spread(once, [0], in_flight, probes)


async def _requests(scheme: str, ports: list[int], in_flight: int, probes: int) -> float:
    import aiohttp

    connector = aiohttp.TCPConnector(force_close=True, limit=0, ssl=False)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def once(port: int) -> None:
            async with session.get(f"{scheme}://127.0.0.1:{port}/healthz") as answer:
                assert answer.status == 200
                await answer.read()

        return await _spread(once, ports, in_flight, probes)


async def _spread(
    once: Callable[[int], Awaitable[None]], ports: list[int], in_flight: int, probes: int
) -> float:
    """CPU for each call of `once`, so many at a time."""
    total = max(probes // 3, 1)  # these are slower, and steady enough
    left = iter(range(total))

    async def work(left: Iterator[int]) -> None:
        for number in left:
            await once(ports[number % len(ports)])

    before = used()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work(left))
    return (used() - before) / total


DRIVES: dict[str, Drive] = {
    "bare system calls": bare,
    "asyncio.open_connection": streams,
    "grpc.aio": grpc_aio,
    "aiohttp": aiohttp_client,
    "aiohttp over TLS": aiohttp_tls,
    "asyncio.subprocess": subprocesses,
}
