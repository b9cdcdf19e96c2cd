"""Commands that somebody talks to, inside the fence of a container."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from agent.host.containment import RunBoundary
from agent.host.exec_session import ExecSession, Sessions
from agent.host.process import Command, SpawnError
from tests.support.children import ESCAPEE, PATH, Host, open_descriptors, runs, sh, until
from tests.support.mortal import mortal

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


def sessions(host: Host) -> Sessions:
    return Sessions(host.spawner, host.reactor, host.scheduler, host.containment.reaper)


async def open_shell(
    host: Host, script: str, boundary: RunBoundary, *, stdin: bool = False, tty: bool = False
) -> ExecSession:
    return await sessions(host).open(sh(script), boundary, None, stdin=stdin, tty=tty)


async def output(session: ExecSession) -> bytes:
    """All that it prints on stdout."""
    got = b""
    while data := await session.stdout.read():
        got += data
    return got


async def line(session: ExecSession) -> str:
    """What it prints first."""
    got = b""
    while not got.endswith(b"\n"):
        got += await session.stdout.read()
    return got.decode().strip()


async def test_it_belongs_to_the_container(host: Host) -> None:
    boundary = host.boundary()
    main = await host.shell("exec sleep 1000", boundary)
    session = await open_shell(host, "echo ready; exec sleep 1001", boundary)
    await line(session)

    assert boundary.pids() == {main.pid, session.pid}
    await boundary.kill()
    status = await session.wait()
    session.close()
    boundary.close()

    assert (status.code, status.signal) == (137, 9)


async def test_closing_kills_it_with_all_it_started_and_nobody_else(host: Host) -> None:
    boundary = host.boundary()
    main = await host.shell(f"{ESCAPEE}; exec sleep 1000", boundary)
    await until(lambda: Path(f"/proc/{main.pid}/comm").read_text() == "sleep\n")
    others = boundary.pids()
    session = await open_shell(host, f"{ESCAPEE}; echo ready; exec sleep 1001", boundary)
    await line(session)
    assert len(others) == 2
    assert len(boundary.pids()) == 4

    session.close()
    session.close()

    await until(lambda: boundary.pids() == others)
    assert runs(main.pid)
    await boundary.kill()
    boundary.close()


async def test_an_end_in_good_order_leaves_the_rest_alone(host: Host) -> None:
    boundary = host.boundary()
    session = await open_shell(host, "sleep 1000 >/dev/null 2>&1 & echo $!", boundary)
    left = int(await output(session))
    await session.wait()

    session.close()

    assert boundary.pids() == {left}
    await boundary.kill()
    boundary.close()


async def test_a_terminal_is_the_controlling_one_of_a_session(host: Host) -> None:
    boundary = host.boundary()
    script = "stty size; tty -s && ps -o tpgid= -p $$ > /dev/null && read x; echo got $x"
    session = await open_shell(host, script, boundary, stdin=True, tty=True)
    session.resize(1 << 20, -3)
    session.resize(80, 24)
    assert session.stdin is not None
    await session.stdin.write(b"line\r")
    text = await output(session)
    status = await session.wait()
    session.close()
    session.resize(1, 1)
    boundary.close()

    assert session.stderr is None
    assert b"got line" in text
    assert status.code == 0


async def test_nothing_is_left_of_what_cannot_be_started(host: Host) -> None:
    boundary = host.boundary()
    before = open_descriptors()
    for tty in (False, True):
        with pytest.raises(SpawnError, match="not found"):
            await sessions(host).open(
                Command(argv=("nope",), env={"PATH": PATH}), boundary, None, stdin=True, tty=tty
            )
    boundary.close()

    assert open_descriptors() <= before


async def test_nothing_is_left_when_opening_is_given_up(host: Host) -> None:
    boundary = host.boundary()
    before = open_descriptors()
    opening = asyncio.create_task(open_shell(host, "exec sleep 1000", boundary, stdin=True))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening

    await until(lambda: not host.spawner._outstanding)  # the helper may not even have begun
    await until(lambda: not boundary.pids() and open_descriptors() <= before)
    boundary.close()


async def test_a_shortage_of_descriptors_is_an_error(host: Host) -> None:
    boundary = host.boundary()
    held: list[int] = []
    try:
        while True:
            held.append(os.dup(0))
            if len(held) > 1 << 20:
                pytest.skip("this machine has no limit of descriptors")
    except OSError:
        for _ in range(3):
            os.close(held.pop())
        count = _free()
        for tty in (False, True):
            with pytest.raises(OSError, match="Too many open files"):
                await sessions(host).open(sh("true"), boundary, None, stdin=True, tty=tty)
        assert _free() == count
    finally:
        for fd in held:
            os.close(fd)
    boundary.close()


def _free() -> int:
    """How many descriptors can still be opened, told without opening a directory."""
    free: list[int] = []
    try:
        while True:
            free.append(os.dup(0))
    except OSError:
        return len(free)
    finally:
        for fd in free:
            os.close(fd)


async def test_the_mark_of_a_session_is_nobody_elses(host: Host) -> None:
    """Marks come again after 8192 starts, and a probe that times out kills all who bear its own."""
    boundary = host.boundary()
    main = boundary.new_mark()
    taken = boundary.take_mark()
    marks = {boundary.new_mark() for _ in range(20_000)}

    assert not marks & {main, taken}
    many = [boundary.take_mark() for _ in range(20_000)]
    assert main not in many
    assert boundary.new_mark() not in many[-4096:]
    boundary.close()


_OPENS_A_SESSION = """
async def more(host, boundary):
    from agent.host.exec_session import Sessions

    reaper = host.containment.reaper
    sessions = Sessions(host.spawner, host.reactor, host.scheduler, reaper)
    await sessions.open(sh("exec sleep 1001"), boundary, None, stdin=True, tty=False)
"""


async def test_it_ends_with_the_agent_although_the_container_goes_on(tmp_path: Path) -> None:
    async with mortal(tmp_path / "keeper", "exec sleep 1000", _OPENS_A_SESSION) as agent:
        assert len(agent.left()) == 2

        await agent.kill()

        await until(lambda: agent.left() == [agent.main])
