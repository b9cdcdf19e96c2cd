"""A listener whose address is taken, impossible, or free after all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.api.listener import Listener
from tests.support.listening import ANY, taken
from tests.support.virtual_loop import VirtualClock

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


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
