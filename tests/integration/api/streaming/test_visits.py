"""How many are served at a time, and what is left of them: nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.support.children import open_descriptors, until
from tests.support.streaming import Server, serving
from tests.support.talking import execing

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_one_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, limit=1) as server:
        await server.run("exec sleep 99")

        async with execing(server, "exec sleep 98") as talk:
            await until(lambda: server.node.visits.count == 1)
            async with aiohttp.ClientSession() as session:
                async with session.get(f"{server.url('log')}?follow=1") as response:
                    body = await response.json()
            assert not talk.socket.closed

        assert (response.status, body["reason"]) == (429, "TooManyRequests")
        assert body["message"].startswith("1 sessions (logs -f, exec, attach, port-forward) are")
        await server.idle()


async def test_closing_ends_all_sessions_with_what_runs_in_them(server: Server) -> None:
    await server.run("exec sleep 99")

    async with execing(server, "echo ready; exec sleep 98") as talk:
        await talk.until(b"ready")
        await server.node.visits.close()
        await server.idle()
        async with aiohttp.ClientSession() as session:
            async with session.get(server.url("log")) as response:
                assert response.status == 503


async def _vanish(server: Server, after: int) -> None:
    """Begin an exec and break off after so many bytes of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    query = "command=sh&command=-c&command=echo+ready;exec+sleep+98&stdout=1&stdin=1"
    lines = (
        f"GET /api/v1/namespaces/default/pods/web/exec?{query} HTTP/1.1",
        "Host: node",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Protocol: v5.channel.k8s.io",
    )
    writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    if after:
        await reader.readexactly(after)
    writer.transport.abort()


async def test_a_client_may_vanish_at_any_point_and_nothing_is_left(server: Server) -> None:
    await server.run("exec sleep 99")
    await _vanish(server, 200)
    await server.idle()
    before = open_descriptors()

    for after in (0, 1, 100, 130, 200, 205):
        await _vanish(server, after)

    await server.idle()
    await until(lambda: open_descriptors() <= before)


async def test_sessions_that_end_well_leave_no_descriptor(server: Server) -> None:
    await server.run("exec sleep 99")
    before = 0

    for number in range(40):
        async with execing(server, "echo x") as talk:
            await talk.end()
        if number == 5:
            await server.idle()
            before = open_descriptors()

    await server.idle()
    await until(lambda: open_descriptors() <= before)
