"""Strangers cannot wear the HTTP server out: how many connections, how long, how large."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest
from aiohttp import web

from agent.api.http_server import HTTPService, text

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
_BOUND = 10.0


async def ok(request: web.BaseRequest) -> web.Response:
    return text(200, f"{request.path}\n")


@asynccontextmanager
async def serving(service: HTTPService) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(service, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await service.close()
        await server.wait_closed()


async def exchange(port: int, sent: bytes) -> bytes:
    """Send this and read to the end, whichever way it comes."""
    async with asyncio.timeout(_BOUND):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            writer.write(sent)
            try:
                return await reader.read()
            except ConnectionResetError:
                return b""


async def test_a_connection_ends_with_its_answer() -> None:
    async with serving(HTTPService(ok)) as port:
        received = await exchange(port, GET + GET)

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.count(b"HTTP/1.1") == 1
    assert b"\r\nConnection: close\r\n" in received


async def test_old_http_works() -> None:
    async with serving(HTTPService(ok)) as port:
        received = await exchange(port, b"GET /old HTTP/1.0\r\n\r\n")

    assert b" 200 OK\r\n" in received
    assert received.endswith(b"\r\n\r\n/old\n")


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 20_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100 + b"\r\n\r\n",
    ],
    ids=["nonsense", "version", "long path", "long header", "tls"],
)
async def test_bad_requests_are_refused(sent: bytes) -> None:
    async with serving(HTTPService(ok)) as port:
        received = await exchange(port, sent)
        after = await exchange(port, GET)

    assert b" 200 " not in received
    assert b" 200 " in after


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["silent", "line", "header"]
)
async def test_who_is_slow_is_cut_off(sent: bytes) -> None:
    async with serving(HTTPService(ok, lifetime=0.2)) as port:
        received = await exchange(port, sent)

    assert received == b""


async def test_an_answer_that_takes_too_long_is_cut_off() -> None:
    async def never(_: web.BaseRequest) -> web.Response:
        await asyncio.Event().wait()
        return text(200, "")

    async with serving(HTTPService(never, lifetime=0.2)) as port:
        received = await exchange(port, GET)

    assert received == b""


async def test_one_too_many_is_told_so_and_the_place_is_free_again_later() -> None:
    async with serving(HTTPService(ok, max_connections=2)) as port:
        holders = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        refused = await exchange(port, GET)
        for _, writer in holders:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(_BOUND):
            while b" 200 " not in (received := await exchange(port, GET)):
                await asyncio.sleep(0.01)

    assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert received.endswith(b"/\n")


async def test_closing_ends_idle_connections() -> None:
    async with serving(HTTPService(ok)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async with asyncio.timeout(_BOUND):
        assert await reader.read() == b""
    writer.close()
