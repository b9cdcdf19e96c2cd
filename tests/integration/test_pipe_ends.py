"""Our ends of pipes and terminals."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from agent.host.pipe_ends import ReadEnd, WriteEnd
from agent.host.reactor import Reactor

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_LARGE = 1_000_000


@pytest_asyncio.fixture
async def reactor() -> AsyncIterator[Reactor]:
    found = Reactor()
    yield found
    found.close()


async def test_all_that_is_written_is_read(reactor: Reactor) -> None:
    out, in_ = os.pipe()
    reading, writing = ReadEnd(reactor, out), WriteEnd(reactor, in_)
    data = os.urandom(_LARGE)

    async with asyncio.TaskGroup() as group:

        async def write() -> None:
            await writing.write(data)
            writing.close()

        group.create_task(write())
        got = b""
        while piece := await reading.read():
            got += piece
    reading.close()

    assert got == data


async def test_a_reader_that_closes_breaks_the_pipe(reactor: Reactor) -> None:
    out, in_ = os.pipe()
    writing = WriteEnd(reactor, in_)
    task = asyncio.create_task(writing.write(bytes(_LARGE)))
    await asyncio.sleep(0)
    os.close(out)

    with pytest.raises(BrokenPipeError):
        await task
    writing.close()


async def test_whoever_waits_learns_that_our_end_was_closed(reactor: Reactor) -> None:
    out, in_ = os.pipe()
    reading, writing = ReadEnd(reactor, out), WriteEnd(reactor, in_)
    read = asyncio.create_task(reading.read())
    write = asyncio.create_task(writing.write(bytes(_LARGE)))
    await asyncio.sleep(0)

    reading.close()
    writing.close()
    writing.close()

    assert await read == b""
    with pytest.raises(BrokenPipeError):
        await write


async def test_waiting_may_be_cancelled_and_taken_up_again(reactor: Reactor) -> None:
    out, in_ = os.pipe()
    reading = ReadEnd(reactor, out)
    task = asyncio.create_task(reading.read())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    os.write(in_, b"x")

    assert await reading.read() == b"x"
    reading.close()
    os.close(in_)


async def test_a_terminal_that_nobody_holds_any_more_is_at_its_end(reactor: Reactor) -> None:
    master, slave = os.openpty()
    reading = ReadEnd(reactor, master)
    os.write(slave, b"x")
    os.close(slave)

    assert await reading.read() == b"x"
    assert await reading.read() == b""
    reading.close()
