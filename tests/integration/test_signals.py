"""Signals reach the loop through the reactor."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agent.host.reactor import Reactor

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@contextmanager
def open_reactor() -> Iterator[Reactor]:
    reactor = Reactor()
    try:
        yield reactor
    finally:
        reactor.close()


async def test_a_signal_calls_back_in_the_loop() -> None:
    with open_reactor() as reactor:
        arrived = asyncio.Event()
        reactor.on_signal(signal.SIGUSR1, arrived.set)

        os.kill(os.getpid(), signal.SIGUSR1)

        async with asyncio.timeout(5):
            await arrived.wait()


async def test_a_signal_wakes_a_loop_that_waits() -> None:
    with open_reactor() as reactor:
        arrived = asyncio.Event()
        reactor.on_signal(signal.SIGALRM, arrived.set)

        signal.setitimer(signal.ITIMER_REAL, 0.05)

        async with asyncio.timeout(5):
            await arrived.wait()


async def test_each_signal_has_its_callback() -> None:
    with open_reactor() as reactor:
        one, two = asyncio.Event(), asyncio.Event()
        reactor.on_signal(signal.SIGUSR1, one.set)
        reactor.on_signal(signal.SIGUSR2, two.set)

        os.kill(os.getpid(), signal.SIGUSR2)

        async with asyncio.timeout(5):
            await two.wait()
        assert not one.is_set()


async def test_a_forgotten_signal_does_again_what_it_did() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    with open_reactor() as reactor:
        reactor.on_signal(signal.SIGUSR1, lambda: None)

        reactor.forget_signal(signal.SIGUSR1)

        assert signal.getsignal(signal.SIGUSR1) == before


async def test_a_closed_reactor_leaves_signals_as_they_were() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)

    with open_reactor() as reactor:
        reactor.on_signal(signal.SIGUSR1, lambda: None)

    assert signal.getsignal(signal.SIGUSR1) == before
    left = signal.set_wakeup_fd(wakeup)
    assert left == wakeup
