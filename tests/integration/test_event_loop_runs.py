"""Beginning and end of the loop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from agent.host import event_loop
from agent.host.event_loop import Loop
from agent.host.reactor import Reactor
from tests.support.watched_pipe import Pipe

pytestmark = pytest.mark.integration


def descriptors() -> set[str]:
    """The open ones, and one that looking takes."""
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def test_stopping_from_a_slot_stops() -> None:
    loop = Loop()

    def stop(_: bytes) -> None:
        loop.stop()

    async def watch() -> Pipe:
        pipe = Pipe(Reactor(), stop)
        threading.Timer(0.01, pipe.say).start()
        return pipe

    pipe = loop.run_until_complete(watch())
    loop.run_forever()
    pipe.close()
    loop.close()


def test_an_interrupt_in_a_slot_leaves_the_loop() -> None:
    async def interrupted() -> None:
        def interrupt(_: bytes) -> None:
            raise KeyboardInterrupt

        pipe = Pipe(Reactor(), interrupt)
        pipe.say()
        try:
            await asyncio.Event().wait()
        finally:
            pipe.close()

    with pytest.raises(KeyboardInterrupt):
        event_loop.run(interrupted())


def test_a_loop_leaves_no_descriptors() -> None:
    before = descriptors()

    async def nothing() -> int:
        Reactor().close()
        return 5

    assert event_loop.run(nothing()) == 5
    assert descriptors() == before


def test_another_loop_is_refused_with_a_reason() -> None:
    async def make() -> None:
        Reactor()

    with pytest.raises(TypeError, match=r"need the loop of agent\.host\.event_loop"):
        asyncio.run(make())
