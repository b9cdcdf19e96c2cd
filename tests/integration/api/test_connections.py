"""Connections that are slow or too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web

from agent.api.connections import APIService

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_ASKS = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def _hello(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="hello")


@asynccontextmanager
async def _serving(service: APIService) -> AsyncIterator[int]:
    """The port on which a service is served."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(service, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await service.close()
        await server.wait_closed()


@asynccontextmanager
async def _talking(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def test_a_connection_serves_many_requests() -> None:
    service = APIService(_hello, head_seconds=0.2)
    async with _serving(service) as port, _talking(port) as (reader, writer):
        for _ in range(3):
            writer.write(_ASKS)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(5) == b"hello"
        assert service.connections == 1


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_who_does_not_say_what_he_wants_is_hung_up_on(said: bytes) -> None:
    service = APIService(_hello, head_seconds=0.05)
    async with _serving(service) as port, _talking(port) as (reader, writer):
        writer.write(said)
        with suppress(ConnectionError):  # that is one way of hanging up
            assert b"200" not in await reader.read()


async def test_what_is_not_http_is_told_nothing(caplog: pytest.LogCaptureFixture) -> None:
    service = APIService(_hello)
    async with _serving(service) as port, _talking(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n\x00bad\r\n\r\n")
        said = await reader.read()

    assert b" 400 " in said.splitlines()[0]
    assert b"\r\nServer: barepod\r\n" in said
    assert b"s3cret" not in said
    assert "s3cret" not in caplog.text


async def test_one_connection_too_many_is_told_so() -> None:
    service = APIService(_hello, max_connections=1)
    async with _serving(service) as port, _talking(port), _talking(port) as (reader, _):
        assert (await reader.readline()).startswith(b"HTTP/1.1 503")
