"""A log thread that rests: what ends a rest at once, and what a rest saves.

Here rests last for ever, so that what does not end them hangs, and the time limit tells.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent.host.log_engine import Engine
from agent.host.log_pace import Pace
from agent.host.output import LogCapture, LogPump
from tests.support.logs import content, pumping, records, wait_for_text
from tests.support.memory import in_memory

pytestmark = [pytest.mark.integration, pytest.mark.asyncio, pytest.mark.timeout(20)]

MIB = 1024 * 1024
FOR_EVER = 3600.0


@pytest.fixture(autouse=True)
def always_resting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "rest", lambda *_: FOR_EVER)


@pytest.fixture(params=["pipes", "lasting"])
def lasting(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The directory of a run whose output lasts, or nothing: then it has pipes."""
    if request.param == "pipes":
        yield None
        return
    with in_memory() as folder:
        yield str(folder / "web.0.output")


def opened(pump: LogPump, folder: Path, lasting: str | None = None) -> LogCapture:
    return pump.open(folder, 0, max_size=MIB, max_files=5, lasting=lasting)


async def resting(pump: LogPump, capture: LogCapture) -> None:
    """Until it rests: it has taken a line, so nothing else will wake it up."""
    await pump.call(lambda: None)
    os.write(capture.stdout_fd, b"a line\n")
    await pump.call(lambda: None)
    await wait_for_text(capture.path, b"a line")


async def test_an_end_ends_it(tmp_path: Path, lasting: str | None) -> None:
    async with pumping() as pump:
        capture = opened(pump, tmp_path, lasting)
        await resting(pump, capture)
        os.write(capture.stdout_fd, b"last words")
        capture.started()
        await capture.drained()

    assert content(records(capture.path)) == b"a line\nlast words"


async def test_a_command_ends_it(tmp_path: Path, lasting: str | None) -> None:
    async with pumping() as pump:
        capture = opened(pump, tmp_path, lasting)
        await resting(pump, capture)
        survivor = os.dup(capture.stdout_fd)
        os.write(survivor, b"said meanwhile")
        await pump.call(lambda: None)
        capture.abandon()
        await capture.drained()
        os.close(survivor)

    assert content(records(capture.path)) == b"a line\nsaid meanwhile"


async def test_closing_the_pump_ends_it(tmp_path: Path, lasting: str | None) -> None:
    async with pumping() as pump:
        capture = opened(pump, tmp_path, lasting)
        await resting(pump, capture)
        os.write(capture.stdout_fd, b"said meanwhile")

    assert content(records(capture.path)) == b"a line\nsaid meanwhile"


async def test_a_terminal_never_waits(tmp_path: Path) -> None:
    async with pumping() as pump:
        master, slave = pty.openpty()
        capture = pump.open(tmp_path, 0, max_size=MIB, max_files=5, tty_master=master)
        for word in (b"one", b"two", b"three"):
            os.write(slave, word + b"\n")
            await wait_for_text(capture.path, word)
        os.close(slave)
        await capture.drained()


async def test_nobody_waits_who_is_attached(tmp_path: Path, lasting: str | None) -> None:
    seen: list[bytes] = []
    async with pumping() as pump:
        capture = opened(pump, tmp_path, lasting)
        await resting(pump, capture)

        def see(_: str, data: bytes) -> None:
            seen.append(data)

        capture.tap(see)
        for word in (b"one\n", b"two\n"):
            os.write(capture.stdout_fd, word)
            await wait_for_text(capture.path, word)
        capture.untap(see)
        await pump.call(lambda: None)
        os.write(capture.stdout_fd, b"unseen\n")
        capture.started()
        await capture.drained()

    assert seen == [b"one\n", b"two\n"]
    assert content(records(capture.path)) == b"a line\none\ntwo\nunseen\n"


async def test_what_comes_during_a_rest_is_taken_in_one_visit_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasting: str | None
) -> None:
    visits: list[int] = []
    visit = Engine._visit

    def counted(engine: Engine, ready: list[tuple[int, int]]) -> None:
        visits.append(len(ready))
        visit(engine, ready)

    monkeypatch.setattr(Engine, "_visit", counted)
    async with pumping() as pump:
        capture = opened(pump, tmp_path, lasting)
        await resting(pump, capture)
        visits.clear()
        for number in range(100):
            os.write(capture.stdout_fd, b"%d\n" % number)
        await pump.call(lambda: None)
        assert sum(visits) <= 3  # the command, all lines, and an end of the rest before it
        capture.started()
        await capture.drained()

    assert content(records(capture.path)) == b"a line\n" + b"".join(b"%d\n" % n for n in range(100))


@pytest.mark.parametrize("pages", [1, 2, 16])
async def test_a_stream_that_fills_its_pipe_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasting: str | None, pages: int
) -> None:
    """Whatever the size of its pipe and of the writes; else the next rest would hold it up."""
    rushes = 0

    def rush(_: Pace) -> None:
        nonlocal rushes
        rushes += 1

    monkeypatch.setattr(Pace, "rush", rush)
    async with pumping() as pump:
        capture = opened(pump, tmp_path, lasting)
        os.set_blocking(capture.stdout_fd, False)
        fcntl.fcntl(capture.stdout_fd, fcntl.F_SETPIPE_SZ, pages * 4096)
        await resting(pump, capture)
        assert rushes == 0
        for size in (1, 100, 2049, 4096, 70_000):
            before = rushes
            fill(capture.stdout_fd, size)
            await pump.call(lambda: None)
            while rushes == before:
                await asyncio.sleep(0.001)
        capture.started()
        await capture.drained()


def fill(fd: int, size: int) -> None:
    """Write pieces of this size until there is no room."""
    with suppress(BlockingIOError):
        while os.write(fd, b"x" * (size - 1) + b"\n"):
            pass
