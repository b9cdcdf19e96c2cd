"""The process that holds a new scope until somebody has moved in."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from agent.host.clock import SystemClock
from agent.host.reactor import Reactor
from agent.host.scope import Anchor, open_scope
from tests.support.children import PATH, open_descriptors, runs

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def reactor() -> AsyncIterator[Reactor]:
    """A reactor; no descriptor but its own is left."""
    found = Reactor()
    before = open_descriptors()
    yield found
    assert open_descriptors() == before
    found.close()


async def test_it_repeats_a_word_and_ends_when_we_hang_up(reactor: Reactor) -> None:
    anchor = Anchor(reactor, ("cat",), {"PATH": PATH})

    assert await anchor.said() == b"barepod is here\n"
    assert runs(anchor.child.pid)
    await anchor.close()
    assert anchor.child.exited
    assert not runs(anchor.child.pid)


async def test_the_reason_of_a_failure_is_what_it_said(reactor: Reactor) -> None:
    anchor = Anchor(reactor, ("sh", "-c", "echo no way >&2; exit 1"), {"PATH": PATH})

    assert await anchor.said() == b"no way\n"
    await anchor.close()


async def test_one_that_hangs_is_killed(reactor: Reactor) -> None:
    anchor = Anchor(reactor, ("sleep", "1000"), {"PATH": PATH})

    await anchor.close()

    assert not runs(anchor.child.pid)


async def test_a_missing_program_leaves_nothing_open(reactor: Reactor) -> None:
    with pytest.raises(FileNotFoundError):
        Anchor(reactor, ("no-such-program",), {"PATH": PATH})


async def test_outside_of_a_service_there_is_no_scope_and_no_complaint(reactor: Reactor) -> None:
    told: list[str] = []

    path = await open_scope(
        reactor, SystemClock(), told.append, helper_pid=os.getpid(), environ={"PATH": PATH}
    )

    assert path is None
    assert told == []
