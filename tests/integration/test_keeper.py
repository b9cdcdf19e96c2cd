"""Processes outlive an agent that is killed, and the next one loses nothing of them."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.host import exit_code, wire
from agent.host.adopted import adopt_process
from agent.host.process import Child, ExitStatus, start_time
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from tests.support.children import open_descriptors, running_host, runs, sh, until
from tests.support.hanging import hanging_execve
from tests.support.mortal import keepers, let_go, mortal, taken_from

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

UNTIL_TOLD = "trap 'exit 7' USR1; echo > {ready}; while :; do sleep 0.05; done"


@contextmanager
def adopting() -> Iterator[tuple[Reactor, Scheduler]]:
    """What watches adopted processes, in a process that is nobody's reaper."""
    reactor, scheduler = Reactor(), Scheduler()
    try:
        yield reactor, scheduler
    finally:
        scheduler.close()
        reactor.close()


async def test_a_main_process_outlives_its_agent_and_the_next_one_adopts_it(
    keeper: Path, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    async with mortal(keeper, UNTIL_TOLD.format(ready=ready)) as agent:
        await until(ready.exists)
        await agent.kill()

        taken = await taken_from(keeper)

        assert taken.problems == []
        assert list(taken.kept) == ["c1"]
        assert runs(agent.main)
        with adopting() as (reactor, scheduler):
            pidfd = taken.kept["c1"]["pidfd"]
            child = adopt_process(reactor, scheduler, agent.main, agent.started, pidfd=pidfd)
            assert (child.pid, child.start_time, child.exited) == (agent.main, agent.started, False)
            assert child.signal(signal.SIGUSR1)
            assert await child.wait() == ExitStatus(7)
            assert not child.signal(signal.SIGUSR1)
        taken.acknowledge()
        await until(lambda: not runs(agent.helper))
        assert keepers(keeper) == []


@pytest.mark.parametrize(
    ("end", "expected"),
    [("exit 7", ExitStatus(7)), ("kill -TERM $$", ExitStatus(143, signal.SIGTERM))],
)
async def test_an_exit_while_no_agent_lived_is_known_to_the_next(
    keeper: Path, tmp_path: Path, end: str, expected: ExitStatus
) -> None:
    ready = tmp_path / "ready"
    script = f"trap '{end}' USR1; echo > {ready}; while :; do sleep 0.05; done"
    async with mortal(keeper, script) as agent:
        await until(ready.exists)
        await agent.kill()
        os.kill(agent.main, signal.SIGUSR1)
        await until(lambda: not runs(agent.main))

        taken = await taken_from(keeper)

        with adopting() as (reactor, scheduler):
            pidfd = taken.kept["c1"]["pidfd"]
            child = adopt_process(reactor, scheduler, agent.main, agent.started, pidfd=pidfd)
            assert await child.wait() == expected
        taken.close()


async def test_commands_in_flight_end_with_the_agent_and_with_all_they_started(
    keeper: Path,
) -> None:
    more = """
async def more(host, boundary):
    host.spawner.capture(sh("setsid -f sleep 1000; sleep 1000 & wait"), boundary, None, print)
    host.spawner.capture(sh("trap '' TERM; setsid -f sleep 1001; exit"), boundary, None, print)
    await until(lambda: len(boundary.pids()) >= 5)
"""
    async with mortal(keeper, "exec sleep 1002", more) as agent:
        await agent.kill()

        await until(lambda: agent.left() == [agent.main])

        assert runs(agent.helper)


async def test_a_process_that_no_record_can_name_ends_with_the_agent(keeper: Path) -> None:
    more = """
async def more(host, boundary):
    await host.shell("setsid -f sleep 1000; sleep 1000; exit", host.boundary("c2"))
"""
    async with mortal(keeper, "exec sleep 1002", more) as agent:
        await agent.kill()

        await until(lambda: agent.left() == [agent.main])


async def test_a_half_born_process_ends_with_the_agent(keeper: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    more = f"""
starting = []
async def more(host, boundary):
    unborn = host.boundary("unborn")
    command = Command(argv=({str(program)!r}, "1000"), env={{"PATH": PATH}})
    starting.append(asyncio.ensure_future(host.spawner.spawn(command, unborn)))
    await until(lambda: len(unborn.pids()) == 1)
"""
    with hanging(program):
        async with mortal(keeper, "exec sleep 1000", more) as agent:
            await until(lambda: len(agent.left()) == 2)
            await agent.kill()

            await until(lambda: agent.left() == [agent.main])


@contextmanager
def hanging(program: Path) -> Iterator[None]:
    try:
        with hanging_execve(program):
            yield
    except OSError as exc:
        pytest.skip(f"cannot make an execve hang: {exc}")


async def test_without_a_keeper_an_exit_code_is_lost(keeper: Path, tmp_path: Path) -> None:
    async with mortal(keeper, "exec sleep 1000") as agent:
        os.kill(agent.helper, signal.SIGSTOP)  # so that no other is started meanwhile
        await agent.kill()
        os.kill(agent.helper, signal.SIGKILL)
        await until(lambda: not runs(agent.helper))
        assert runs(agent.main)
        os.kill(agent.main, signal.SIGTERM)
        await until(lambda: start_time(agent.main) == 0 or not runs(agent.main))

        taken = await taken_from(keeper)

        assert (taken.kept, taken.problems) == ({}, [])
        assert keepers(keeper) == []  # what the dead one left is tidied up
        with adopting() as (reactor, scheduler):
            child = adopt_process(reactor, scheduler, agent.main, agent.started)
            status = await child.wait()
        # A machine whose init does not reap still knows it.
        assert status in (ExitStatus(137, known=False), ExitStatus(143, signal.SIGTERM))


async def test_a_recycled_pid_is_refused() -> None:
    other = await asyncio.create_subprocess_exec("sleep", "1000")
    try:
        started = start_time(other.pid)
        before = open_descriptors()
        with adopting() as (reactor, scheduler):
            for ticks, pidfd in (
                (started + 1, None),
                (started - 1, os.pidfd_open(other.pid)),
                (started, os.pidfd_open(os.getpid())),
                (0, None),
            ):
                pid = other.pid if ticks != started else os.getppid()
                child = adopt_process(reactor, scheduler, pid, ticks, pidfd=pidfd)
                assert child.status == ExitStatus(137, known=False)
                assert not child.signal(signal.SIGKILL)
                assert await child.wait() == child.status
        assert open_descriptors() == before
    finally:
        assert other.returncode is None
        other.kill()
        await other.wait()


async def test_hundreds_of_names_need_several_messages(keeper: Path) -> None:
    more = """
async def more(host, boundary):
    reading, writing = os.pipe()
    for number in range(300):
        host.spawner.keep(f"name-{number}", {"out": reading, "err": writing})
    host.spawner.keep("many", {f"fd{number}": reading for number in range(260)})
    host.spawner.keep("replaced", {"old": reading})
    host.spawner.keep("replaced", {"new": writing})
    host.spawner.keep("dropped", {"out": reading})
    host.spawner.drop("dropped")
    host.spawner.keep("released", {"stays": reading, "goes": writing})
    host.spawner.release("released", "goes")
    host.spawner.keep("empty", {})
"""
    async with mortal(keeper, "exec sleep 1000", more) as agent:
        before = open_descriptors()
        await agent.kill()

        taken = await taken_from(keeper)

        assert taken.problems == []
        names = {f"name-{number}" for number in range(300)}
        assert set(taken.kept) - {"empty"} == {"c1", "many", "released", "replaced"} | names
        assert list(taken.kept["name-299"]) == ["out", "err"]
        assert len(taken.kept["many"]) == 260
        assert list(taken.kept["replaced"]) == ["new"]
        assert list(taken.kept["released"]) == ["stays"]
        os.write(taken.kept["name-0"]["err"], b"x")
        assert os.read(taken.kept["many"]["fd259"], 2) == b"x"
        let_go(taken)
        assert open_descriptors() <= before


async def test_what_is_not_acknowledged_can_be_asked_for_again(keeper: Path) -> None:
    async with mortal(keeper, "exec sleep 1000") as agent:
        await agent.kill()
        first = await taken_from(keeper)
        let_go(first)  # an agent that was killed meanwhile

        again = await taken_from(keeper)

        assert list(again.kept) == ["c1"]
        assert runs(agent.helper)
        let_go(again)


async def test_a_second_agent_that_is_killed_leaves_two_keepers(keeper: Path) -> None:
    async with mortal(keeper, "exec sleep 1000") as one, mortal(keeper, "sleep 1000") as two:
        await one.kill()
        await two.kill()

        taken = await taken_from(keeper)

        # Both call it c1: the newer one counts.
        pidfd = taken.kept["c1"]["pidfd"]
        assert exit_code.pid_of(pidfd) == two.main
        let_go(taken)


async def test_the_chain_of_keepers_loses_nothing(keeper: Path) -> None:
    async with mortal(keeper, "exec sleep 1000") as agent:
        await agent.kill()
        taken = await taken_from(keeper)
        async with running_host("subreaper", die_with_agent=False, keeper=str(keeper)) as host:
            host.spawner.keep("c1", taken.kept["c1"])
            assert await host.spawner.check_kept() == ""
            taken.acknowledge()
            wire.close_all(tuple(taken.kept["c1"].values()))
            await until(lambda: not runs(agent.helper))

            ours = host.spawner.helper_pid
            assert ours is not None
            assert await host.spawner.detach() == ""
            again = await taken_from(keeper)

            assert exit_code.pid_of(again.kept["c1"]["pidfd"]) == agent.main
            again.acknowledge()
            wire.close_all(tuple(again.kept["c1"].values()))
            await until(lambda: start_time(ours) == 0)  # reaped: it was our child
            assert keepers(keeper) == []


async def test_a_new_helper_is_given_everything_again(keeper: Path) -> None:
    reading, writing = os.pipe()
    async with running_host("subreaper", die_with_agent=False, keeper=str(keeper)) as host:
        host.spawner.keep("c1", {"out": reading})
        host.spawner.keep("gone", {"out": reading})
        host.spawner.drop("gone")
        wire.close_all((reading, writing))
        first = host.spawner.helper_pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: host.spawner.helper_pid not in (None, first))

        assert await host.spawner.check_kept() == ""
        second = host.spawner.helper_pid
        assert second is not None
        assert keepers(keeper) == [f"keeper.{second}"]
        await host.spawner.detach()
        taken = await taken_from(keeper)

        assert {name: list(fds) for name, fds in taken.kept.items()} == {"c1": ["out"]}
        taken.acknowledge()
        let_go(taken)
        await until(lambda: start_time(second) == 0)
        assert keepers(keeper) == []


async def test_an_agent_that_ends_in_order_leaves_no_keeper(keeper: Path) -> None:
    async with running_host("subreaper", die_with_agent=False, keeper=str(keeper)) as host:
        host.spawner.keep("c1", {"in": 0})
        assert await host.spawner.check_kept() == ""
        helper = host.spawner.helper_pid
        assert helper is not None
        place = keeper.with_name(f"keeper.{helper}")
        assert stat.S_IMODE(place.stat().st_mode) == 0o600

    assert not runs(helper)
    assert keepers(keeper) == []


async def test_a_helper_that_is_behind_hears_the_farewell_all_the_same(keeper: Path) -> None:
    async with running_host("subreaper", die_with_agent=False, keeper=str(keeper)) as host:
        link = host.spawner._link
        assert link is not None
        helper = link.process
        helper.signal(signal.SIGSTOP)
        for number in range(2000):  # more than a socket holds
            host.spawner.keep(f"c{number}", {})
            host.spawner.drop(f"c{number}")
        closing = asyncio.ensure_future(host.spawner.close())
        await asyncio.wait([closing], timeout=0)
        helper.signal(signal.SIGCONT)

        await closing

        assert helper.status == ExitStatus(0)


async def test_a_keeper_that_cannot_be_reached_is_told_before_it_is_needed(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "missing" / "keeper")
    async with running_host("subreaper", die_with_agent=False, keeper=nowhere) as host:
        host.spawner.keep("c1", {"in": 0})

        problem = await host.spawner.check_kept()

    assert problem == "the keeper cannot keep everything: No such file or directory"


async def test_commands_run_inside_an_adopted_process(keeper: Path) -> None:
    async with mortal(keeper, "exec sleep 1000") as agent:
        await agent.kill()
        taken = await taken_from(keeper)
        async with running_host("subreaper", die_with_agent=False, keeper=str(keeper)) as host:
            boundary = host.boundary()
            pidfd = taken.kept["c1"]["pidfd"]
            child: Child = host.spawner.adopt(agent.main, agent.started, boundary, pidfd)
            done = asyncio.get_running_loop().create_future()
            host.spawner.capture(sh("echo in"), boundary, 10, done.set_result, inside=child)
            assert (await done).output == b"in\n"
            assert child.signal(signal.SIGTERM)
            assert (await child.wait()).signal == signal.SIGTERM
        taken.acknowledge()
