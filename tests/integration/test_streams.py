"""What belongs to a container that outlives the agent: its terminal, its input, its output."""

from __future__ import annotations

import os
import subprocess
import termios
from pathlib import Path

import pytest

from agent.host.lasting import STREAMS
from agent.host.output import LogPump
from agent.host.streams import Streams
from tests.support.logs import pumping
from tests.support.mortal_capture import Place, an_agent, check, until_logged

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_a_terminal_goes_on_with_its_kept_master(tmp_path: Path) -> None:
    place = Place(tmp_path)
    kept: dict[str, int] = {}
    async with an_agent() as pump:
        streams = open_streams(pump, place, tty=True)
        assert set(streams.kept_fds) == {"tty"}
        kept = {name: os.dup(fd) for name, fd in streams.kept_fds.items()}
        slave = os.dup(streams.stdout)
        without_translation(slave)
        streams.started()
        os.write(slave, b"one\nprompt> ")
        await until_logged(place, b"one")
        streams.close()
    os.write(slave, b"two\n")  # no hang-up
    async with an_agent() as pump:
        streams = adopt_streams(pump, place, tty=True, fds=kept)
        assert set(streams.kept_fds) == {"tty"}
        streams.started()
        await until_logged(place, b"two")
        assert streams.input is not None
        os.close(slave)
        await streams.capture.drained()
        streams.close()
    for fd in kept.values():
        os.close(fd)
    check(place, stdout=b"one\nprompt> two\n")


async def test_a_terminal_whose_master_was_lost_has_ended(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with pumping() as pump:
        streams = adopt_streams(pump, place, tty=True, fds={})
        await streams.capture.drained()
        assert streams.input is None


async def test_stdin_stays_open_and_is_given_back(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with an_agent() as pump:
        streams = open_streams(pump, place, tty=False)
        assert set(streams.kept_fds) == {"stdin", "stdout", "stderr"}
        kept = {name: os.dup(fd) for name, fd in streams.kept_fds.items()}
        child = subprocess.Popen(
            ["cat"], stdin=streams.stdin, stdout=streams.stdout, stderr=streams.stderr
        )
        streams.started()
        assert not streams.kept_fds
        streams.close()
    async with an_agent() as pump:
        streams = adopt_streams(pump, place, tty=False, fds=kept)
        assert set(streams.kept_fds) == {"stdin", "stdout", "stderr"}
        streams.started()
        assert streams.input is not None
        os.write(streams.input, b"still here\n")
        await until_logged(place, b"still here")
        streams.close()
        os.close(kept["stdin"])
        await streams.capture.drained()
        assert child.wait() == 0
    for stream in STREAMS:
        os.close(kept[stream])
    check(place, stdout=b"still here\n")


def open_streams(pump: LogPump, place: Place, *, tty: bool) -> Streams:
    return Streams.open(
        pump, str(place.logs), 0, stdin=True, tty=tty,
        **place.rotation, follower=None, lasting=place.lasting,
    )  # fmt: skip


def adopt_streams(pump: LogPump, place: Place, *, tty: bool, fds: dict[str, int]) -> Streams:
    return Streams.adopt(
        pump, place.lasting, str(place.logs), 0, stdin=True, tty=tty, fds=fds,
        **place.rotation, follower=None,
    )  # fmt: skip


def without_translation(slave: int) -> None:
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
