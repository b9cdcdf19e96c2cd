"""Spectators of a container's output."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.host.attachment import Attachment
from agent.host.reactor import Reactor
from agent.host.streams import Streams
from tests.support.logs import pumping

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_MANY = 40
_BLOCK = b"x" * 65_536


@asynccontextmanager
async def streams(folder: Path) -> AsyncIterator[tuple[Streams, Reactor]]:
    """The streams of a run that a test writes to itself."""
    reactor = Reactor()
    async with pumping() as pump:
        found = Streams.open(
            pump,
            str(folder),
            0,
            stdin=True,
            tty=False,
            max_size=1 << 30,
            max_files=2,
            follower=None,
        )
        try:
            yield found, reactor
        finally:
            found.started()
            found.close()
            await found.capture.drained()
    reactor.close()


def spectator(found: Streams, reactor: Reactor, *, stdin: bool = False) -> Attachment:
    return Attachment(found, reactor, stdin=stdin, end_input=found.close)


async def test_it_sees_what_is_written_from_now_on_until_the_end(tmp_path: Path) -> None:
    async with streams(tmp_path) as (found, reactor):
        one = spectator(found, reactor)
        os.write(found.stdout, b"no newline")
        first = await one.read()
        os.write(found.stderr, b"err\n")
        second = await one.read()
        found.started()
        end = await one.read()
        one.close()

    assert (first, second, end) == (("stdout", b"no newline"), ("stderr", b"err\n"), None)


async def test_a_slow_one_misses_some_and_is_told_for_each_stream(tmp_path: Path) -> None:
    async with streams(tmp_path) as (found, reactor):
        one = spectator(found, reactor)
        other = spectator(found, reactor)
        for _ in range(_MANY):
            for fd in (found.stdout, found.stderr):
                os.write(fd, _BLOCK)
                await _read_block(other)
        got = {"stdout": b"", "stderr": b""}
        while not all(b"left out here" in text for text in got.values()):
            piece = await one.read()
            assert piece is not None
            got[piece[0]] += piece[1]
        os.write(found.stdout, b"goes on")
        last = await one.read()
        one.close()
        other.close()

    assert last == ("stdout", b"goes on")
    for text in got.values():
        lost = int(text.rpartition(b"[barepod: ")[2].split()[0])
        assert lost > 0
        assert text.count(b"x") + lost == _MANY * len(_BLOCK)


async def _read_block(attachment: Attachment) -> None:
    size = 0
    while size < len(_BLOCK):
        piece = await attachment.read()
        assert piece is not None
        size += len(piece[1])


async def test_one_that_was_closed_sees_no_more(tmp_path: Path) -> None:
    async with streams(tmp_path) as (found, reactor):
        one = spectator(found, reactor, stdin=True)
        one.close()
        one.close()
        os.write(found.stdout, b"late")

        assert await one.read() is None
