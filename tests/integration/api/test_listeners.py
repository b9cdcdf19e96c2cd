"""The listeners together: one that cannot open does not hold up the others."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.listening import listening, taken
from tests.support.traffic import pods

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_BOUND = 10.0


async def test_the_others_listen_meanwhile_and_the_port_is_taken_when_it_is_free() -> None:
    with taken() as port:
        opening = listening(pods("web"), health=f"127.0.0.1:{port}")
        outside = await opening.__aenter__()
        try:
            assert await outside.check("default/web") == "up ready\n"
            assert len(outside.problems) == 1
        except BaseException:
            await opening.__aexit__(None, None, None)
            raise
    try:
        async with asyncio.timeout(_BOUND):
            while not outside.news:
                await asyncio.sleep(0.01)
        assert outside.news == [f"health: listening on 127.0.0.1:{port}"]
        assert (await outside.ask("/healthz")).status == 200
    finally:
        await opening.__aexit__(None, None, None)


async def test_a_listener_that_cannot_open_makes_the_agent_unhealthy() -> None:
    with taken() as port:
        async with listening(pods("web"), agent_check=f"127.0.0.1:{port}") as outside:
            answer = await outside.ask("/healthz")
            alive = await outside.ask("/livez")

    assert answer.status == 503
    assert answer.body.startswith("agent-check: cannot listen on 127.0.0.1:")
    assert alive.status == 200


async def test_empty_addresses_open_nothing() -> None:
    async with listening(pods(), health="", agent_check="") as outside:
        assert outside.listeners == {}
