"""Whoever asks a keeper: in vain, at once with others, without the right to."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from agent.host.clock import SystemClock
from tests.support.mortal import keepers, let_go, mortal, taken_from

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hung keeper is waited for."""
    monkeypatch.setattr("agent.host.keeper._PATIENCE", 0.2)


@pytest.mark.usefixtures("impatient")
async def test_a_hung_keeper_does_not_stop_the_next_agent(keeper: Path) -> None:
    async with mortal(keeper, "exec sleep 1000") as agent:
        os.kill(agent.helper, signal.SIGSTOP)
        await agent.kill()

        taken = await taken_from(keeper)

        assert taken.kept == {}
        place = f"{keeper}.{agent.helper}"
        assert taken.problems == [f"the keeper {place} has not answered for 0 s"]
        os.kill(agent.helper, signal.SIGCONT)
        async with SystemClock().timeout(10):
            while not (again := await taken_from(keeper)).kept:
                pass
        let_go(again)


@pytest.mark.usefixtures("impatient")
async def test_two_that_ask_at_once_are_served_one_after_the_other(keeper: Path) -> None:
    async with mortal(keeper, "exec sleep 1000") as agent:
        await agent.kill()
        async with SystemClock().timeout(10):
            while not (first := await taken_from(keeper)).kept:
                pass

        second = await taken_from(keeper)

        assert (second.kept, len(second.problems)) == ({}, 1)
        let_go(first)
        async with SystemClock().timeout(10):
            while not (third := await taken_from(keeper)).kept:
                pass
        let_go(third)


async def test_a_socket_may_lie_as_deep_as_any_file(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    async with mortal(folder / "keeper", "exec sleep 1000") as agent:
        await agent.kill()

        taken = await taken_from(folder / "keeper")

        assert list(taken.kept) == ["c1"]
        let_go(taken)


async def test_what_is_no_keeper_is_told_apart(keeper: Path) -> None:
    keeper.with_name("keeper.1").write_bytes(b"a file")
    keeper.with_name("keeper.pid").write_bytes(b"another")
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stale.bind(f"{keeper}.2")
    stale.close()
    liar = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    liar.bind(f"{keeper}.3")
    liar.listen()
    answering = asyncio.get_running_loop().run_in_executor(None, say_garbage, liar)

    taken = await taken_from(keeper)

    await answering
    liar.close()
    assert taken.kept == {}
    assert taken.problems == [f"the keeper {keeper}.3 does not speak like one"]
    assert keepers(keeper) == ["keeper.1", "keeper.3", "keeper.pid"]


def say_garbage(listener: socket.socket) -> None:
    client, _ = listener.accept()
    client.send(b"\xff what?")
    client.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_a_stranger_is_neither_asked_nor_answered(
    keeper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mortal(keeper, "exec sleep 1000") as agent:
        await agent.kill()
        monkeypatch.setattr("agent.host.keeper.os.geteuid", lambda: 65534)

        taken = await taken_from(keeper)

        monkeypatch.undo()
        place = f"{keeper}.{agent.helper}"
        assert taken.problems == [f"cannot ask the keeper {place}: it runs as user 0"]
        keeper.parent.chmod(0o711)
        keeper.parent.parent.chmod(0o711)
        Path(place).chmod(0o777)
        assert await asking_as(65534, place) == b""
        taken = await taken_from(keeper)
        assert list(taken.kept) == ["c1"]
        let_go(taken)


async def asking_as(user: int, place: str) -> bytes:
    """What a keeper says to another user."""
    code = (
        "import os, socket\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        f"f = os.open({str(Path(place).parent)!r}, os.O_PATH); os.setuid({user})\n"
        f"s.connect(f'/proc/self/fd/{{f}}/{Path(place).name}')\n"
        "os.write(1, s.recv(1000))"
    )
    asking = await asyncio.create_subprocess_exec(
        "/usr/bin/python3", "-I", "-c", code, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asking.communicate()
    assert asking.returncode == 0
    return said
