"""A foreground run's show on real pipes."""

from __future__ import annotations

import asyncio
import fcntl
import os
import termios

import pytest

from agent.cli import show
from agent.cli.show import open_show
from agent.manifest.load import Manifest
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_LINE = b"x" * 99 + b"\n"


def waiting(fd: int) -> int:
    """How many bytes a pipe holds."""
    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4), "little")


def read_all(fd: int) -> bytes:
    """Until the last writer has gone."""
    found = b""
    while piece := os.read(fd, 65536):
        found += piece
    return found


@pytest.mark.parametrize("output", ["text", "json", "quiet"])
async def test_a_problem_has_a_line_of_its_own_where_output_goes_too(
    output: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    elsewhere = os.open(os.devnull, os.O_WRONLY)
    monkeypatch.setattr(show, "_STDOUT", elsewhere if output == "json" else writer)
    monkeypatch.setattr(show, "_STDERR", writer)
    shown = open_show(output, Manifest(), lambda _: None)
    take = shown.follower(Pod(metadata=ObjectMeta(name="p")), "c")
    assert take is not None
    take("stdout", _LINE * 3000)
    while waiting(reader) < fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ):
        await asyncio.sleep(0)  # now a write is stuck in the middle of a line

    problem = asyncio.create_task(asyncio.to_thread(shown.problem, "something is wrong"))
    done, _ = await asyncio.wait([problem], timeout=5)
    reading = asyncio.create_task(asyncio.to_thread(read_all, reader))
    await problem
    await shown.close()
    shown.problem("it is over")
    os.close(writer)

    lines = (await reading).splitlines(keepends=True)
    os.close(reader)
    os.close(elsewhere)
    assert done, "a reader who is late held it up"
    assert lines.count(b"c | " + _LINE) == 3000
    assert [line for line in lines if b"x" not in line] == [
        b"barepod: something is wrong\n",
        b"barepod: it is over\n",
    ]
