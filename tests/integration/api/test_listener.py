"""A listener whose address is taken, impossible, or free after all."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from agent.api.listener import Listener
from tests.support.listening import ANY, listening
from tests.support.traffic import pods
from tests.support.virtual_loop import VirtualClock

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_BOUND = 10.0
NAME = "python"


@contextmanager
def taken(host: str = "127.0.0.1") -> Iterator[int]:
    """A port on which somebody listens: we."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as sock:
        yield int(sock.getsockname()[1])


class Nothing:
    """A service without connections."""

    def __call__(self) -> asyncio.BaseProtocol:
        return asyncio.Protocol()

    async def close(self) -> None:
        return


@asynccontextmanager
async def listener(address: str, problems: list[str]) -> AsyncIterator[Listener]:
    made = Listener(
        "x", address, Nothing(), clock=VirtualClock(), problem=problems.append, news=print
    )
    try:
        yield made
    finally:
        await made.close()


async def test_a_port_in_use_tells_who_holds_it() -> None:
    problems: list[str] = []
    with taken() as port:
        async with listener(f"127.0.0.1:{port}", problems) as made:
            assert not await made.open()
            assert not await made.open()

    (problem,) = problems
    assert problem.startswith(f"x: cannot listen on 127.0.0.1:{port}: address already in use by ")
    assert problem.endswith(f" (pid {os.getpid()})")
    assert made.trouble == problem


async def test_an_address_that_is_not_ours_is_told() -> None:
    problems: list[str] = []
    async with listener("192.0.2.1:1", problems) as made:
        assert not await made.open()

    assert problems == ["x: cannot listen on 192.0.2.1:1: cannot assign requested address"]


async def test_before_the_first_attempt_it_does_not_listen() -> None:
    async with listener(ANY, []) as made:
        assert made.trouble == "x: not listening yet"
        assert await made.open()
        assert made.trouble == ""
        assert made.port > 0


async def test_ipv6_is_written_in_brackets() -> None:
    problems: list[str] = []
    with taken("::1") as port:
        async with listener(f"[::1]:{port}", problems) as made:
            assert not await made.open()

    assert f"cannot listen on [::1]:{port}: " in problems[0]
    assert f"(pid {os.getpid()})" in problems[0]


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
