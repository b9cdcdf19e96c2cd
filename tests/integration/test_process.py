"""Main processes: what they get, what they do not, how they end, how a failed start reads."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from agent.host.process import Command, Identity, SpawnError, start_time
from tests.support.children import (
    PATH,
    Host,
    no_descriptors,
    python,
    runs,
    sh,
    until,
    zombies,
)

_WAYS = [f"{mode}{when}" for mode in ("cgroup", "subreaper") for when in ("", " again")]
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio,
    pytest.mark.parametrize("host", _WAYS, indirect=True),
]

as_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@pytest.mark.parametrize(
    ("script", "code", "signum"),
    [("exit 0", 0, None), ("exit 3", 3, None), ("kill -KILL $$", 137, 9), ("kill $$", 143, 15)],
)
async def test_the_exit_status_is_what_a_container_runtime_reports(
    host: Host, script: str, code: int, signum: int | None
) -> None:
    child = await host.shell(script, host.boundary())

    status = await child.wait()

    assert (status.code, status.signal, status.oom_killed) == (code, signum, False)


async def test_whoever_asks_after_the_end_is_told_at_once(host: Host) -> None:
    child = await host.shell("exit 4", host.boundary())
    await child.wait()
    told: list[int] = []

    child.on_exit(lambda status: told.append(status.code))

    assert told == [4]
    assert child.exited
    assert not child.signal(signal.SIGTERM)


async def test_a_process_gets_its_own_environment_directory_and_umask_only(
    host: Host, tmp_path: Path
) -> None:
    code = "import os; print(dict(os.environ), os.getcwd(), oct(os.umask(0)))"
    command = Command(
        argv=(sys.executable, "-I", "-S", "-c", code),
        env={"LC_ALL": "C.UTF-8", "B": "ü\n="},
        cwd=str(tmp_path),
        umask=0o077,
    )

    said = await host.output(command, host.boundary())

    assert said == f"{{'LC_ALL': 'C.UTF-8', 'B': 'ü\\n='}} {tmp_path} 0o77\n"


async def test_no_descriptor_signal_or_session_of_the_agent_reaches_a_process(
    host: Host,
) -> None:
    inherited, other = os.pipe()
    os.set_inheritable(inherited, True)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    code = (
        "import os; s = open('/proc/self/status').read();"
        "print(sorted(map(int, os.listdir('/proc/self/fd'))),"
        "*[l.split()[1] for l in s.splitlines() if l[:6] in ('SigBlk', 'SigIgn')],"
        "os.getsid(0) == os.getpid(), os.readlink('/proc/self/fd/0'))"
    )
    probe = f'exec {sys.executable} -I -S -c "{code}"'
    try:
        said = await host.output(sh(probe), host.boundary())
    finally:
        signal.signal(signal.SIGHUP, before)
        os.close(inherited)
        os.close(other)

    descriptors, blocked, ignored, leads, stdin = said.rsplit(maxsplit=4)
    assert descriptors == "[0, 1, 2, 3]"  # 3 is the listing itself
    assert int(blocked, 16) == 0
    # Python itself ignores SIGPIPE and SIGXFSZ; 32 and 33 belong to the C library.
    ours = int(ignored, 16) & ~(0b11 << 31)
    assert ours == 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1
    assert (leads, stdin) == ("True", "/dev/null")


async def test_stdin_is_what_was_given(host: Host) -> None:
    reading, writing = os.pipe()
    result, answer = os.pipe()
    child = await host.spawn(sh("cat"), host.boundary(), stdin=reading, stdout=answer)
    os.close(reading)
    os.close(answer)

    os.write(writing, b"hello")
    os.close(writing)

    assert (await child.wait()).code == 0
    assert os.read(result, 100) == b"hello"
    os.close(result)


async def test_a_terminal_becomes_the_controlling_one(host: Host) -> None:
    ours, theirs = os.openpty()
    command = sh("tty < /dev/tty && test -t 0 && test -t 1 && exit 7")
    child = await host.spawn(
        command, host.boundary(), stdin=theirs, stdout=theirs, stderr=theirs, tty=True
    )
    os.close(theirs)

    assert (await child.wait()).code == 7
    assert b"/dev/tty" in os.read(ours, 100)
    os.close(ours)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Files that cannot be executed, each for its own reason."""
    (tmp_path / "plain").write_text("echo")
    (tmp_path / "garbage").write_bytes(b"\x01\x02\x03\x04" * 100)
    (tmp_path / "garbage").chmod(0o755)
    (tmp_path / "lost").write_text("#!/no/such/interpreter\n")
    (tmp_path / "lost").chmod(0o755)
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path


@pytest.mark.parametrize(
    ("program", "text", "exit_code"),
    [
        ("foo", 'exec: "foo": executable file not found in $PATH', 127),
        ("plain", 'exec: "plain": executable file not found in $PATH', 127),
        ("", 'exec: "": executable file not found in $PATH', 127),
        ("{}/foo", 'exec: "{}/foo": stat {}/foo: no such file or directory', 127),
        ("{}/plain", 'exec: "{}/plain": permission denied', 126),
        ("{}/folder", 'exec: "{}/folder": is a directory', 126),
        ("{}/garbage", "exec {}/garbage: exec format error", 126),
        ("{}/lost", "exec {}/lost: no such file or directory", 127),
        ("{}/plain/x", 'exec: "{}/plain/x": stat {}/plain/x: not a directory', 128),
        ("{}/loop", 'exec: "{}/loop": stat {}/loop: too many levels of symbolic links', 128),
    ],
)
async def test_a_program_that_cannot_be_executed_is_named_with_the_reason(
    host: Host, programs: Path, program: str, text: str, exit_code: int
) -> None:
    argv = (program.format(programs),)
    command = Command(argv=argv, env={"PATH": f"{PATH}:{programs}"})

    with pytest.raises(SpawnError) as main:
        await host.spawn(command, host.boundary("a"))
    probe = await host.capture(command, host.boundary("b"))

    for error in (main.value, probe.error):
        assert error is not None
        assert str(error) == text.format(programs, programs)
        assert error.exit_code == exit_code
        assert not error.transient


async def test_the_search_path_is_the_containers_own(host: Host, tmp_path: Path) -> None:
    (tmp_path / "only-here").symlink_to("/bin/true")
    boundary = host.boundary()
    argv = ("only-here",)

    child = await host.spawn(Command(argv=argv, env={"PATH": str(tmp_path)}), boundary)

    assert (await child.wait()).code == 0
    with pytest.raises(SpawnError, match="executable file not found"):
        await host.spawn(Command(argv=argv, env={}), boundary)


async def test_a_missing_working_directory_is_named(host: Host) -> None:
    command = Command(argv=("true",), env={"PATH": PATH}, cwd="/nope")
    text = 'chdir to cwd ("/nope") set in config.json failed: no such file or directory'

    with pytest.raises(SpawnError) as main:
        await host.spawn(command, host.boundary("a"))
    probe = await host.capture(command, host.boundary("b"))

    assert (str(main.value), main.value.exit_code) == (text, 128)
    assert str(probe.error) == text


async def test_resource_limits_and_no_new_privileges_hold(host: Host) -> None:
    command = Command(
        argv=("sh", "-c", "ulimit -n; ulimit -Hc; grep NoNewPrivs /proc/self/status"),
        env={"PATH": PATH},
        rlimits=((resource.RLIMIT_NOFILE, 77, 99), (resource.RLIMIT_CORE, 0, 0)),
        no_new_privs=True,
    )

    assert (await host.output(command, host.boundary())).split() == ["77", "0", "NoNewPrivs:", "1"]


async def test_a_limit_that_may_not_be_raised_is_an_error(host: Host) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    command = Command(
        argv=("true",),
        env={"PATH": PATH},
        rlimits=((resource.RLIMIT_NOFILE, hard + 1, hard),),
    )

    with pytest.raises(SpawnError, match="rlimit") as caught:
        await host.spawn(command, host.boundary())

    assert not caught.value.transient


@as_root
async def test_a_process_runs_as_its_user_with_its_groups_only(host: Host) -> None:
    command = Command(
        argv=("sh", "-c", "id -u; id -g; id -G; grep -i CapEff /proc/self/status"),
        env={"PATH": PATH},
        user=Identity(uid=65534, gid=65533, groups=(1234, 5678)),
    )
    boundary = host.boundary()

    main = await host.output(command, boundary)
    probe = await host.capture(command, boundary)

    assert main.split() == ["65534", "65533", "65533", "1234", "5678", "CapEff:", "0" * 16]
    assert probe.output.decode() == main


@as_root
async def test_dropped_capabilities_are_gone(host: Host) -> None:
    command = Command(
        argv=("sh", "-c", "grep CapEff /proc/self/status"), env={"PATH": PATH}, cap_drop=(0, 5)
    )

    effective = int((await host.output(command, host.boundary())).split()[1], 16)

    assert effective & (1 << 0 | 1 << 5) == 0
    assert effective != 0


@as_root
async def test_too_many_processes_of_a_user_is_worth_another_try(host: Host) -> None:
    crowded = Command(
        argv=("sleep", "1000"),
        env={"PATH": PATH},
        user=Identity(uid=64999, gid=64999),
        rlimits=((resource.RLIMIT_NPROC, 0, 0),),
    )
    first = host.boundary("first")
    child = await host.spawn(crowded, first)

    with pytest.raises(SpawnError) as caught:
        await host.spawn(crowded, host.boundary("a"))
    probe = await host.capture(crowded, host.boundary("b"))

    assert (caught.value.errno, caught.value.transient) == (errno.EAGAIN, True)
    assert probe.error is not None
    assert probe.error.transient
    await first.kill()
    await child.wait()
    await until(lambda: not zombies())
    again = host.boundary("again")
    assert not (await host.spawn(crowded, again)).exited


async def test_without_free_descriptors_a_start_fails_for_a_while_and_then_works(
    host: Host,
) -> None:
    boundary = host.boundary()
    with no_descriptors(), pytest.raises(SpawnError) as caught:
        await host.spawn(sh("exec sleep 1000"), boundary)
    assert caught.value.transient
    await until(lambda: not boundary.pids())

    child = await host.shell("exit 5", boundary)

    assert (await child.wait()).code == 5


async def test_a_stopped_process_is_killed(host: Host) -> None:
    boundary = host.boundary()
    child = await host.shell("kill -STOP $$; exit 1", boundary)

    def stopped() -> bool:
        return Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    await until(stopped)
    child.signal(signal.SIGTERM)
    assert await boundary.kill() == frozenset()

    assert (await child.wait()).signal in (signal.SIGKILL, signal.SIGTERM)


async def test_a_process_that_ignores_the_stop_signal_is_killed(host: Host) -> None:
    boundary = host.boundary()
    reading, writing = os.pipe()
    child = await host.shell(
        "trap '' TERM; echo ready; while :; do sleep 1; done", boundary, stdout=writing
    )
    os.close(writing)
    with os.fdopen(reading) as file:
        assert await asyncio.to_thread(file.readline) == "ready\n"

    assert child.signal(signal.SIGTERM)
    assert boundary.pids() >= {child.pid}
    assert await boundary.kill() == frozenset()

    assert (await child.wait()).signal == signal.SIGKILL


async def test_a_process_is_named_for_ever_by_pid_and_start_time(host: Host) -> None:
    boundary = host.boundary()
    child = await host.shell("exec sleep 1000", boundary)

    assert child.start_time == start_time(child.pid) > 0

    await boundary.kill()
    await child.wait()
    assert start_time(child.pid) == 0


async def test_nobody_waits_for_a_cancelled_start_but_it_ends(host: Host) -> None:
    boundary = host.boundary()
    start = asyncio.ensure_future(host.spawn(sh("exec sleep 1000"), boundary))
    await asyncio.sleep(0)

    start.cancel()

    with pytest.raises(asyncio.CancelledError):
        await start
    child = await host.shell("exit 0", host.boundary("c2"))  # the helper has dealt with the first
    await child.wait()
    await until(lambda: not boundary.pids())


async def test_mains_outlive_their_helper(host: Host) -> None:
    boundary = host.boundary()
    child = await host.shell("exec sleep 1000", boundary)
    helper = host.spawner.helper_pid
    assert helper is not None

    os.kill(helper, signal.SIGKILL)
    await until(lambda: host.spawner.helper_pid not in (None, helper))

    assert runs(child.pid)
    second = await host.shell("exit 6", host.boundary("c2"))
    assert (await second.wait()).code == 6
    child.signal(signal.SIGTERM)
    assert (await child.wait()).signal == signal.SIGTERM


async def test_the_signals_of_a_terminal_do_not_end_the_helper(host: Host) -> None:
    helper = host.spawner.helper_pid
    assert helper is not None
    assert os.getsid(helper) != os.getsid(0)

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        os.kill(helper, signum)
    child = await host.spawn(python("import signal; signal.raise_signal(15)"), host.boundary())

    assert (await child.wait()).signal == signal.SIGTERM
    assert host.spawner.helper_pid == helper
