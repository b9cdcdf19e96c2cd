"""Captured commands (probes and hooks): output, ends, time-outs, and a helper in trouble."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.host import descendants
from agent.host.launch import launch
from agent.host.process import Command, SpawnError
from agent.host.spawner import Captured, Spawner
from tests.support.children import (
    PATH,
    Host,
    open_descriptors,
    python,
    running_host,
    runs,
    sh,
    until,
    zombies,
)
from tests.support.hanging import hanging_execve

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


async def test_output_is_stdout_then_stderr(host: Host) -> None:
    command = sh("echo 1 >&2; echo 2; echo 3 >&2; echo 4; exit 7")

    assert await host.capture(command, host.boundary()) == Captured(7, b"2\n4\n1\n3\n")


async def test_a_command_ended_by_a_signal_reports_it(host: Host) -> None:
    captured = await host.capture(sh("kill -9 $$"), host.boundary())

    assert (captured.exit_code, captured.signal) == (137, 9)


@pytest.mark.parametrize(
    ("script", "expected", "truncated"),
    [
        ("head -c 10240 /dev/zero", b"\0" * 10240, False),
        ("head -c 10241 /dev/zero", b"\0" * 10240, True),
        ("head -c 9000 /dev/zero; printf '%2000d' 1 >&2", b"\0" * 9000 + b" " * 1240, True),
        ("head -c 3000000 /dev/zero; echo x >&2", b"\0" * 10240, True),
        ("head -c 3000000 /dev/zero >&2; echo x", b"x\n" + b"\0" * 10238, True),
    ],
)
async def test_at_most_ten_kib_are_kept_and_the_command_is_never_blocked(
    host: Host, script: str, expected: bytes, truncated: bool
) -> None:
    captured = await host.capture(sh(script), host.boundary())

    assert captured == Captured(0, expected, truncated=truncated)


async def test_a_command_sees_its_own_environment_and_an_empty_stdin(host: Host) -> None:
    command = Command(argv=("sh", "-c", "cat; pwd; umask; env"), env={"PATH": PATH}, cwd="/usr")

    captured = await host.capture(command, host.boundary())

    said = captured.output.decode().split()
    assert said[:2] == ["/usr", "0022"]
    assert sorted(said[2:]) == [f"PATH={PATH}", "PWD=/usr"]


@pytest.mark.parametrize("no_new_privs", [False, True])
async def test_the_helper_keeps_no_directory_of_a_command_busy(
    host: Host, tmp_path: Path, no_new_privs: bool
) -> None:
    words = ("sh", "-c", "pwd")
    command = Command(argv=words, env={"PATH": PATH}, cwd=str(tmp_path), no_new_privs=no_new_privs)

    captured = await host.capture(command, host.boundary())

    assert captured.output.decode().strip() == str(tmp_path)
    assert Path(f"/proc/{host.spawner.helper_pid}/cwd").readlink() == Path("/")


async def test_a_background_process_that_holds_the_output_is_waited_for(host: Host) -> None:
    begun = time.monotonic()

    captured = await host.capture(sh("sleep 0.3 & exit 1"), host.boundary())

    assert captured.exit_code == 1
    assert time.monotonic() - begun >= 0.3


async def test_a_background_process_that_let_go_is_not_waited_for(host: Host) -> None:
    boundary = host.boundary()

    captured = await host.capture(sh("setsid sleep 1000 >/dev/null 2>&1 & exit 1"), boundary)

    assert captured.exit_code == 1
    await until(lambda: len(boundary.pids()) == 1)  # it lives on inside its container
    await boundary.kill()


@pytest.mark.parametrize(
    "script",
    [
        "sleep 1000",
        "yes",
        "yes >&2",
        "trap '' TERM INT HUP; while :; do sleep 1000; done",
        "kill -STOP $$",
        "setsid sleep 1000 & exit 0",
        "setsid -f env -i /bin/sleep 1000; (sleep 1000 &); sleep 1000",
        "exec >&- 2>&-; sleep 1000",
    ],
)
async def test_when_time_is_up_everything_the_command_started_is_killed(
    host: Host, script: str
) -> None:
    boundary = host.boundary()
    main = await host.shell("exec sleep 1000", boundary)

    captured = await host.capture(sh(script), boundary, 0.2)

    assert captured.timed_out
    assert (captured.exit_code, captured.error) == (None, None)
    await until(lambda: boundary.pids() == {main.pid})
    await until(lambda: not zombies())


async def test_a_missing_program_is_an_error_and_no_exit_code(host: Host) -> None:
    captured = await host.capture(Command(argv=("foo",), env={"PATH": PATH}), host.boundary())

    assert captured.exit_code is None
    assert str(captured.error) == 'exec: "foo": executable file not found in $PATH'


async def test_commands_run_side_by_side(host: Host) -> None:
    boundary = host.boundary()
    begun = time.monotonic()

    async with asyncio.TaskGroup() as group:
        for _ in range(10):
            group.create_task(host.capture(sh("sleep 0.3"), boundary))

    assert 0.3 <= time.monotonic() - begun < 2.0


async def test_a_cancelled_command_is_killed_and_never_answers(host: Host) -> None:
    boundary = host.boundary()
    answers: list[Captured] = []
    running = host.spawner.capture(
        sh("setsid sleep 1000 & sleep 1000"), boundary, None, answers.append
    )
    await until(lambda: len(boundary.pids()) == 3)

    running.cancel()
    running.cancel()

    await until(lambda: not boundary.pids())
    await host.capture(sh("true"), boundary)
    assert answers == []


async def test_commands_die_with_their_container(host: Host) -> None:
    boundary = host.boundary()
    done: asyncio.Future[Captured] = asyncio.get_running_loop().create_future()
    host.spawner.capture(sh("sleep 1000; exit 0"), boundary, None, done.set_result)
    await until(lambda: len(boundary.pids()) == 2)

    assert await boundary.kill() == frozenset()

    assert (await done).exit_code == 137


async def test_a_thousand_commands_leave_no_descriptor_and_no_zombie(host: Host) -> None:
    boundary = host.boundary()
    await host.capture(sh("true"), boundary)
    helper = host.spawner.helper_pid
    assert helper is not None
    before = (open_descriptors(), open_descriptors(helper))
    commands = [
        Command(argv=("true",), env={"PATH": PATH}),
        Command(argv=("nope",), env={"PATH": PATH}),
        Command(argv=("true",), env={"PATH": PATH}, no_new_privs=True),
        Command(argv=("true",), env={"PATH": PATH}, cwd="/nope"),
    ]

    for _ in range(50):
        async with asyncio.TaskGroup() as group:
            for n in range(20):
                group.create_task(host.capture(commands[n % 4], boundary))

    await until(lambda: not descendants.children(helper))
    assert (open_descriptors(), open_descriptors(helper)) == before
    assert zombies() == []


async def test_more_requests_than_the_socket_holds_are_all_served(host: Host) -> None:
    boundary = host.boundary()
    helper = host.spawner.helper_pid
    assert helper is not None
    command = Command(argv=("true",), env={"PATH": PATH, "BIG": "x" * 20_000})
    answers: list[Captured] = []
    os.kill(helper, signal.SIGSTOP)
    for _ in range(60):
        host.spawner.capture(command, boundary, 20.0, answers.append)

    os.kill(helper, signal.SIGCONT)

    await until(lambda: len(answers) == 60)
    assert {answer.exit_code for answer in answers} == {0}


async def test_a_killed_helper_fails_its_commands_and_is_replaced(host: Host) -> None:
    boundary = host.boundary()
    done: asyncio.Future[Captured] = asyncio.get_running_loop().create_future()
    host.spawner.capture(
        sh("setsid -f sleep 1000; sleep 1000; exit"), boundary, None, done.set_result
    )
    await until(lambda: len(boundary.pids()) == 3)
    helper = host.spawner.helper_pid
    assert helper is not None

    os.kill(helper, signal.SIGKILL)

    captured = await done
    assert captured.error is not None
    assert captured.error.transient
    await until(lambda: not boundary.pids())
    assert (await host.capture(sh("exit 3"), boundary)).exit_code == 3
    assert host.spawner.helper_pid != helper
    await until(lambda: not zombies())


async def test_a_start_that_loses_its_helper_fails_and_leaves_nothing(host: Host) -> None:
    boundary = host.boundary()
    await host.capture(sh("true"), boundary)
    helper = host.spawner.helper_pid
    assert helper is not None
    os.kill(helper, signal.SIGSTOP)
    start = asyncio.ensure_future(host.shell("exec sleep 1000", boundary))
    await asyncio.sleep(0)

    os.kill(helper, signal.SIGKILL)

    with pytest.raises(SpawnError) as caught:
        await start
    assert caught.value.transient
    await until(lambda: not boundary.pids())
    assert (await (await host.shell("exit 2", boundary)).wait()).code == 2


async def test_a_helper_that_does_not_answer_is_replaced(host: Host) -> None:
    boundary = host.boundary()
    helper = host.spawner.helper_pid
    assert helper is not None
    main = await host.shell("exec sleep 1000", boundary)
    os.kill(helper, signal.SIGSTOP)
    begun = time.monotonic()

    captured = await host.capture(sh("true"), boundary, 0.1)

    assert captured.timed_out
    assert time.monotonic() - begun < 3.0
    await until(lambda: host.spawner.helper_pid not in (None, helper))
    await until(lambda: not runs(helper))
    assert runs(main.pid)
    assert (await host.capture(sh("exit 4"), boundary)).exit_code == 4


async def test_a_start_without_a_deadline_notices_a_helper_that_is_stuck(host: Host) -> None:
    boundary = host.boundary()
    await host.capture(sh("true"), boundary)
    helper = host.spawner.helper_pid
    assert helper is not None
    os.kill(helper, signal.SIGSTOP)

    with pytest.raises(SpawnError) as caught:
        await host.shell("exec sleep 1000", boundary)

    assert caught.value.transient
    await until(lambda: not runs(helper))


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[Path]:
    """A program that hangs in execve."""
    program = tmp_path / "hung"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o755)
    try:
        with hanging_execve(program):
            yield program
    except OSError as exc:
        pytest.skip(f"cannot make an execve hang: {exc}")


async def test_a_main_that_hangs_in_execve_holds_nobody_up(host: Host, hung: Path) -> None:
    boundary = host.boundary("hung")
    start = asyncio.ensure_future(
        host.spawner.spawn(Command(argv=(str(hung),), env={"PATH": PATH}), boundary)
    )
    await until(lambda: len(boundary.pids()) == 1)

    other = host.boundary("other")
    assert (await host.capture(sh("exit 3"), other)).exit_code == 3
    assert (await (await host.shell("exit 4", other)).wait()).code == 4
    assert not start.done()

    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    await until(lambda: not boundary.pids())


async def test_a_probe_that_hangs_in_execve_disturbs_the_others_once(
    host: Host, hung: Path
) -> None:
    boundary = host.boundary()
    stuck = Command(argv=(str(hung),), env={"PATH": PATH})
    helper = host.spawner.helper_pid

    first = await host.capture(stuck, boundary, 0.2)
    assert first.timed_out
    await until(lambda: host.spawner.helper_pid not in (None, helper))
    helper = host.spawner.helper_pid

    async with asyncio.TaskGroup() as group:
        again = group.create_task(host.capture(stuck, boundary, 0.5))
        others = [group.create_task(host.capture(sh("exit 3"), boundary)) for _ in range(3)]

    assert again.result().timed_out
    assert [other.result().exit_code for other in others] == [3, 3, 3]
    assert host.spawner.helper_pid == helper
    await until(lambda: not boundary.pids())


@pytest.mark.parametrize("host", ["cgroup again", "subreaper again"], indirect=True)
async def test_a_restart_that_hangs_in_execve_disturbs_the_others_once(
    host: Host, hung: Path
) -> None:
    program = Command(argv=(str(hung),), env={"PATH": PATH})
    boundary = host.boundary("hung")
    helper = host.spawner.helper_pid

    with pytest.raises(SpawnError) as caught:
        await host.spawn(program, boundary)
    assert caught.value.transient
    await until(lambda: host.spawner.helper_pid not in (None, helper))
    await boundary.kill()
    helper = host.spawner.helper_pid

    start = asyncio.ensure_future(host.spawn(program, boundary))
    await until(lambda: len(boundary.pids()) == 1)
    assert (await (await host.shell("exit 4", host.boundary("other"))).wait()).code == 4
    assert host.spawner.helper_pid == helper
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    await until(lambda: not boundary.pids())


async def test_a_helper_without_descriptors_reports_and_recovers(host: Host) -> None:
    boundary = host.boundary()
    await host.capture(sh("true"), boundary)
    helper = host.spawner.helper_pid
    assert helper is not None
    limits = resource.prlimit(helper, resource.RLIMIT_NOFILE)
    resource.prlimit(helper, resource.RLIMIT_NOFILE, (6, limits[1]))
    probe = await host.capture(sh("true"), boundary)
    with pytest.raises(SpawnError) as caught:
        await host.shell("true", boundary)

    resource.prlimit(helper, resource.RLIMIT_NOFILE, limits)

    assert probe.error is not None
    assert (probe.error.transient, caught.value.transient) == (True, True)
    assert (await host.capture(sh("exit 3"), boundary)).exit_code == 3
    assert host.spawner.helper_pid == helper


async def test_a_helper_launched_early_is_taken_over() -> None:
    launched = launch()
    async with running_host("subreaper") as host:
        spawner = Spawner(
            host.reactor, host.scheduler, host.clock, host.containment, launched=launched
        )
        await spawner.start()
        boundary = host.boundary()

        child = await spawner.spawn(python("raise SystemExit(5)"), boundary)

        assert spawner.helper_pid == launched.pid
        assert (await child.wait()).code == 5
        await spawner.close()


async def test_closing_ends_what_still_runs(host: Host) -> None:
    boundary = host.boundary()
    answers: list[Captured] = []
    child = await host.shell("trap '' TERM; setsid -f sleep 1000; sleep 1000; exit", boundary)
    host.spawner.capture(sh("sleep 1000; exit"), boundary, None, answers.append)
    await until(lambda: len(boundary.pids()) == 5)

    await host.spawner.close()

    assert boundary.pids() == frozenset()
    assert (await child.wait()).signal == signal.SIGKILL
    assert [answer.exit_code for answer in answers] == [None]
    with pytest.raises(SpawnError):
        await host.shell("true", boundary)
