"""Forwarded connections whose backend only pretends, on virtual time."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from agent.api.streaming.forwarding import Backend, Dialer
from agent.api.streaming.spdy import frames
from agent.api.streaming.spdy.forwarder import Forwarder
from agent.host.clock import Clock
from tests.support.carriers import Peer, settle
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio

_LARGE = 600_000


class DeafWriter:
    """The way to a backend that takes nothing."""

    def __init__(self) -> None:
        self.is_broken_off = False
        self.transport = self

    def write(self, data: bytes) -> None:
        pass

    async def drain(self) -> None:
        await asyncio.Event().wait()

    def close(self) -> None:
        """It waits until all was taken."""

    def abort(self) -> None:
        self.is_broken_off = True


class DeafDialer:
    """Connects to backends that neither take nor give."""

    def __init__(self) -> None:
        self.clock: Clock = VirtualClock()
        self.writers: list[DeafWriter] = []

    async def dial(self, port: int) -> Backend:
        self.writers.append(DeafWriter())
        return cast("Backend", (asyncio.StreamReader(), self.writers[-1]))


def pair(peer: Peer, first: int) -> None:
    for number, kind in ((first, "error"), (first + 2, "data")):
        peer.open(number, streamtype=kind, port="80", requestid=str(first))


async def test_what_is_given_up_ends_and_is_held_no_more() -> None:
    """kubectl resets the stream when its own client is gone; what waited in it must not count."""
    peer, dialer = Peer(), DeafDialer()
    forwarder = Forwarder(peer.carrier, cast("Dialer", cast("Any", dialer)))
    running = asyncio.create_task(forwarder.run())
    for first in (1, 5, 9, 13):
        pair(peer, first)
        for _ in range(2):  # one on its way to the backend, one waiting
            peer.send(frames.write_data(first + 2, bytes(_LARGE)))
        peer.send(frames.write_numbers(frames.RST_STREAM, first + 2, frames.CANCEL))
        await settle()

        assert dialer.writers[-1].is_broken_off
    ended = {one.stream for one in peer.carrier.frames() if one.flags & frames.FIN}
    peer.send(b"")
    with pytest.raises(ExceptionGroup):
        await running

    assert {1, 5, 9, 13} <= ended
    assert len(dialer.writers) == 4
