"""Nothing outlives its container, whatever it does to hide, in both modes of containment."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import pytest

from agent.host import cgroup_files, launch, marks
from agent.host.descendants import children, everyone
from agent.host.limits import Limits
from agent.host.process import Command
from tests.support.children import (
    DOUBLE_FORK,
    ESCAPEE,
    PATH,
    Host,
    Mode,
    no_descriptors,
    python,
    running_host,
    runs,
    sh,
    until,
    zombies,
)

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

#: Its only living process forks and exits for ever, so that no pid lives long.
HOPPER = "import os\nwhile True:\n    if os.fork(): os._exit(0)\n"

#: Doubles until something stops it, bounded so that a broken test does not take the machine down.
BOMB = """
import os, time
for _ in range(7):
    os.fork()
    os.setsid() if os.getsid(0) != os.getpid() else None
time.sleep(1000)
"""


def marked(mark: int) -> set[int]:
    """All living processes of a run, found without the code under test's own search."""
    return {pid for pid in everyone() if runs(pid) and marks.same_run(marks.read_mark(pid), mark)}


async def test_what_a_main_left_behind_is_killed_after_its_end(host: Host) -> None:
    boundary = host.boundary()
    child = await host.shell(f"{ESCAPEE}; {ESCAPEE}; {DOUBLE_FORK}; exit 3", boundary)
    assert (await child.wait()).code == 3
    await until(lambda: len(left := boundary.pids()) == 3 and left == marked(boundary.mark))
    left = boundary.pids()

    assert await boundary.kill() == frozenset()

    assert not any(map(runs, left))
    assert boundary.pids() == frozenset() == marked(boundary.mark)
    await until(lambda: not zombies())


async def test_a_running_main_dies_with_all_it_started(host: Host) -> None:
    boundary = host.boundary()
    child = await host.shell(f"{ESCAPEE}; {DOUBLE_FORK}; sleep 1000 & wait", boundary)
    await until(lambda: len(boundary.pids()) >= 4)
    everything = boundary.pids()

    assert await boundary.kill() == frozenset()

    assert child.pid in everything
    assert (await child.wait()).signal == signal.SIGKILL
    assert not any(map(runs, everything))


async def test_a_process_that_forks_and_exits_for_ever_is_caught(host: Host) -> None:
    boundary = host.boundary()
    child = await host.spawner.spawn(python(HOPPER), boundary)
    await child.wait()

    assert await boundary.kill() == frozenset()

    assert marked(boundary.mark) == set()


async def test_a_hundred_sessions_are_killed(host: Host) -> None:
    boundary = host.boundary()
    child = await host.spawner.spawn(python(BOMB), boundary)
    await until(lambda: len(boundary.pids()) >= 100)

    assert await boundary.kill() == frozenset()

    await child.wait()
    assert marked(boundary.mark) == set()


async def test_a_process_that_sheds_its_mark_is_known_by_its_session(host: Host) -> None:
    boundary = host.boundary()
    code = (
        "import os, resource, time;"
        "resource.setrlimit(resource.RLIMIT_RTTIME, (-1, -1));"
        "os.fork() and os._exit(0);"
        "time.sleep(1000)"
    )
    child = await host.spawner.spawn(python(code), boundary)
    await child.wait()
    (orphan,) = boundary.pids()
    assert marks.read_mark(orphan) == 0

    assert await boundary.kill() == frozenset()

    assert not runs(orphan)


async def test_other_containers_are_left_alone(host: Host) -> None:
    first, second = host.boundary("first"), host.boundary("second")
    for boundary in (first, second):
        child = await host.shell(f"{ESCAPEE}; exit 0", boundary)
        await child.wait()
    alive = second.pids()

    await first.kill()

    assert len(alive) == 1
    assert second.pids() == alive


async def test_a_signal_reaches_all_but_the_one_excluded(host: Host) -> None:
    boundary = host.boundary()
    child = await host.shell("sleep 1000 & sleep 1000 & trap '' TERM; wait; exit 9", boundary)
    await until(lambda: len(boundary.pids()) == 3)

    assert boundary.signal(signal.SIGTERM, exclude=child.pid) == 2

    assert (await child.wait()).code == 9


async def test_killing_nobody_does_not_wait(host: Host) -> None:
    boundary = host.boundary()
    child = await host.shell("exit 0", boundary)
    await child.wait()
    await until(lambda: not boundary.pids())

    killing = boundary.kill()

    with pytest.raises(StopIteration) as done:
        killing.send(None)
    assert done.value.value == frozenset()


async def test_orphans_that_end_by_themselves_are_reaped(host: Host) -> None:
    boundary = host.boundary()
    child = await host.shell("for i in 1 2 3; do setsid -f true; done; exec sleep 1000", boundary)
    own = {child.pid, host.spawner.helper_pid}

    await until(lambda: set(children(os.getpid())) == own)

    assert not child.exited
    await boundary.kill()


async def test_the_exit_code_of_somebody_elses_child_is_not_stolen(host: Host) -> None:
    other = subprocess.Popen(["sh", "-c", "exit 5"])
    await until(lambda: other.pid in zombies())
    boundary = host.boundary()

    for _ in range(3):  # each end makes the reaper look
        child = await host.shell("setsid -f true", boundary)
        await child.wait()
        await until(lambda: set(zombies()) == {other.pid})

    assert other.wait() == 5


async def test_the_end_of_containment_is_the_end_of_everything(host: Host) -> None:
    one, two = host.boundary("one"), host.boundary("two")
    await host.shell(f"{ESCAPEE}; exec sleep 1000", one)
    await host.shell(f"trap '' TERM; {DOUBLE_FORK}; sleep 1000; exit", two)
    host.spawner.capture(sh("sleep 1000"), one, None, lambda _captured: None)
    await until(lambda: len(one.pids()) >= 3 and len(two.pids()) >= 3)

    await host.containment.close()

    assert marked(one.mark) | marked(two.mark) == set()


async def test_limits_that_do_not_hold_are_told(host: Host) -> None:
    boundary = host.boundary(limits=Limits(memory_bytes=2**20, cpu_millis=100))

    told = " ".join(boundary.warnings)

    for name in ("memory", "cpu"):
        assert (name in host.containment.controllers) != (f"resources.limits.{name}" in told)


@pytest.mark.skipif(os.getuid() != 0, reason="makes cgroups of its own")
async def test_cgroups_are_removed_even_if_the_container_made_more_inside() -> None:
    try:
        async with running_host("cgroup") as host:
            boundary = host.boundary()
            path = Path(host.containment.cgroup_path)
            code = (
                f"import os, time; d = {str(path / 'c1' / 'inner')!r}; os.mkdir(d);"
                "open(d + '/cgroup.procs', 'w').write('0'); time.sleep(1000)"
            )
            child = await host.spawner.spawn(python(code), boundary)
            await until((path / "c1" / "inner").exists)
            assert path.exists()

            assert await boundary.kill() == frozenset()
            await child.wait()
            boundary.close()

            assert not (path / "c1").exists()
    except OSError as exc:
        pytest.skip(f"no cgroups here: {exc}")
    assert not path.exists()


async def test_without_cgroup_kill_the_frozen_are_killed(
    cgroup_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = cgroup_host
    write = cgroup_files.write

    def old_kernel(path: str, text: str) -> None:
        if path.endswith("/cgroup.kill"):
            raise FileNotFoundError(path)
        write(path, text)

    monkeypatch.setattr(cgroup_files, "write", old_kernel)
    boundary = host.boundary()
    child = await host.spawner.spawn(python(BOMB), boundary)
    await until(lambda: len(boundary.pids()) >= 64)

    assert await boundary.kill() == frozenset()

    assert (await child.wait()).signal == signal.SIGKILL
    assert marked(boundary.mark) == set()


@pytest.mark.parametrize("mode", ["cgroup", "subreaper"])
async def test_without_clone3_processes_are_contained_all_the_same(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = "import agent.host.clone as c; c._SYS_CLONE3 = 1_000_000; from agent.host.helper"
    code = launch._CODE.replace("from agent.host.helper", change)
    monkeypatch.setattr(launch, "_CODE", code)
    try:
        async with running_host(mode) as host:
            boundary = host.boundary()
            child = await host.shell(
                f"{ESCAPEE}; grep -c . /proc/self/cgroup; sleep 1000", boundary
            )
            probe = await host.capture(
                Command(argv=("echo", "x"), env={"PATH": PATH}, no_new_privs=True), boundary
            )
            await until(lambda: len(boundary.pids()) >= 3)

            assert probe.output == b"x\n"
            inside = Path(f"/proc/{child.pid}/cgroup").read_text()
            assert ("/c1" in inside) == (mode == "cgroup")
            assert await boundary.kill() == frozenset()
            assert (await child.wait()).signal == signal.SIGKILL
    except OSError as exc:
        pytest.skip(f"no {mode} containment here: {exc}")


async def test_a_process_that_left_its_cgroup_is_killed_all_the_same(cgroup_host: Host) -> None:
    host = cgroup_host
    boundary = host.boundary()
    base = Path(host.containment.cgroup_path).parent
    child = await host.shell(f"echo 0 > {base}/cgroup.procs && {ESCAPEE}; exit 2", boundary)
    assert (await child.wait()).code == 2
    await until(lambda: len(marked(boundary.mark)) == 1)
    (escaped,) = boundary.pids()

    assert await boundary.kill() == frozenset()

    assert not runs(escaped)


async def test_who_cannot_look_for_want_of_a_descriptor_kills_later(host: Host) -> None:
    boundary = host.boundary()
    child = await host.shell(f"{ESCAPEE}; exec sleep 1000", boundary)
    await until(lambda: len(boundary.pids()) == 2)
    pids = boundary.pids()

    with no_descriptors():
        killing = asyncio.ensure_future(boundary.kill())
        await asyncio.wait([killing], timeout=1.0)  # longer than by mark alone it would wait
    await killing

    await until(lambda: not any(map(runs, pids)))
    assert (await child.wait()).signal == signal.SIGKILL
