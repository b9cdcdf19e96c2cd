"""The agent-check listener over real connections: who waits for whom, and how long."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress

import pytest

from agent.api.haproxy import MAX_CONNECTIONS, AgentCheck
from agent.model.pod import Pod
from tests.support.listening import listening
from tests.support.traffic import pods, published

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_without_a_line_the_answer_is_about_all_pods() -> None:
    async with listening(pods("web", "db x")) as outside:
        assert await outside.check() == "drain\n"


async def test_a_line_selects_a_pod_or_a_container() -> None:
    async with listening(pods("web", "db -")) as outside:
        assert await outside.check("default/web") == "up ready\n"
        assert await outside.check("default/web/c") == "up ready\n"
        assert await outside.check("default/db") == "down\n"
        assert await outside.check("default/gone") == "down\n"


async def test_the_answer_follows_the_pod() -> None:
    store = pods("web")
    async with listening(store) as outside:
        answers = [await outside.check("default/web")]
        store.put(published("web", "terminating"))
        answers.append(await outside.check("default/web"))
        store.delete(Pod, "default", "web")
        answers.append(await outside.check("default/web"))

    assert answers == ["up ready\n", "drain\n", "down\n"]


async def test_the_end_of_input_is_the_end_of_the_line() -> None:
    async with listening(pods("web", "db -")) as outside:
        port = outside.listeners["agent-check"].port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            writer.write(b"default/web")
            writer.write_eof()
            assert await reader.read() == b"up ready\n"


async def test_a_line_in_pieces_is_put_together() -> None:
    async with listening(pods("web", "db -")) as outside:
        port = outside.listeners["agent-check"].port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with closing(writer):
            for piece in (b"defa", b"ult/w", b"eb\n"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            assert await reader.read() == b"up ready\n"


async def test_an_endless_line_is_cut() -> None:
    async with listening(pods("web")) as outside:
        assert await outside.check("x" * 100_000) == "down\n"


async def test_too_many_connections_are_closed_without_an_answer() -> None:
    async with listening(pods("web")) as outside:
        port = outside.listeners["agent-check"].port
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CONNECTIONS)]
        with suppress(ConnectionError):
            assert await outside.check("default/web") == ""
        received = await asyncio.gather(*(reader.read() for reader, _ in opened))
        for _, writer in opened:
            writer.close()
        after = await outside.check("default/web")

    assert set(received) == {b"up ready\n"}  # to silence
    assert after == "up ready\n"


async def test_closing_ends_all_connections() -> None:
    loop = asyncio.get_running_loop()
    service = AgentCheck(pods("web"))
    server = await loop.create_server(service, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    while not service.connections:
        await asyncio.sleep(0)

    server.close()
    await service.close()

    with closing(writer), suppress(ConnectionError):
        assert await reader.read() == b""
    assert service.connections == 0
