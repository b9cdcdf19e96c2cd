"""Output that outlives the agent: real FIFOs, files and processes, and agents that are killed."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from agent.host.lasting import STREAMS, Lasting
from agent.host.log_sink import LogSink
from tests.support.logs import Problems, pumping, python, records
from tests.support.memory import in_memory
from tests.support.mortal_capture import (
    CHUNK,
    MIB,
    Place,
    an_agent,
    check,
    ended_well,
    live,
    until_logged,
)
from tests.support.needs import missing

#: Hundreds of agents are forked off a process that the whole suite has made large.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

LINES = b"".join(b"%d\n" % n for n in range(2000))
SAME = b"tick\n" * (3 * CHUNK // 5)  # what was logged looks just like what was not
LONG = b"l" * 40_000 + b"\nshort\n"
HALF = b"no newline at the en"
NUMBERS = 40_000  # lines of the child that is captured by ever new agents
_COUNT = f"""
import os
text = b"".join(b"%d and some more text\\n" % n for n in range({NUMBERS}))
step = 1
while text:
    done = os.write(1, text[:step])
    text, step = text[done:], step * 7 % 9001
"""


@pytest.fixture(params=["in memory", "on disk"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Where run directories are."""
    if request.param == "on disk":  # at least where the tests' own directories are not in memory
        yield tmp_path
        return
    with in_memory() as folder:
        yield folder


@pytest.mark.parametrize("max_size", [100 * MIB, 60_000], ids=["one file", "rotation"])
def test_killed_at_any_point_each_byte_is_logged_once(
    tmp_path: Path, run: Path, max_size: int
) -> None:
    """An agent dies at each single point of its work, and another one finishes it."""
    for point in count():
        place = Place(tmp_path / str(point), run=run / str(point), max_size=max_size)
        with writing(place) as fds:
            os.write(fds["stdout"], SAME + LINES + HALF)
            os.write(fds["stderr"], LONG)
        is_complete = ended_well(live(place, die_at=point))
        assert is_complete or ended_well(live(place))
        check(place, stdout=SAME + LINES + HALF, stderr=LONG)
        if is_complete:
            break
    assert point > 30  # it did die that often


def test_killed_again_and_again_at_any_point(tmp_path: Path, run: Path) -> None:
    chance = random.Random(20250601)
    for number in range(15):
        place = Place(tmp_path / str(number), run=run / str(number), max_size=20_000)
        with writing(place) as fds:
            os.write(fds["stdout"], SAME + LINES + HALF)
            os.write(fds["stderr"], LONG)
        while not ended_well(live(place, die_at=chance.randrange(40))):
            pass
        check(place, stdout=SAME + LINES + HALF, stderr=LONG)


def test_a_child_that_writes_on_loses_nothing_to_killed_agents(tmp_path: Path, run: Path) -> None:
    """Agents are killed from outside, whenever the log has grown a little."""
    chance = random.Random(31)
    place = Place(tmp_path, run=run, max_size=MIB // 8)
    with writing(place) as fds:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _COUNT], stdout=fds["stdout"], stderr=fds["stderr"]
        )
    deaths = 0
    while True:
        enough = size_of_logs(place) + chance.randrange(100_000)
        agent = live(place)
        while os.waitid(os.P_PID, agent, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if size_of_logs(place) > enough:
                os.kill(agent, signal.SIGKILL)
                break
        if ended_well(agent):
            break
        deaths += 1
    assert child.wait() == 0  # no EPIPE, no SIGPIPE
    assert deaths > 3

    numbers = [int(record.text.split()[0]) for record in records(place.log)]
    assert numbers == list(range(NUMBERS))


@pytest.mark.parametrize("size", [4096, 8192])
def test_small_pipes_make_progress(tmp_path: Path, size: int) -> None:
    place = Place(tmp_path)
    with writing(place) as fds:
        assert fcntl.fcntl(fds["stdout"], fcntl.F_SETPIPE_SZ, size) == size
        child = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                "-c",
                "import os; os.write(1, b'l' * 40_000 + b'\\nx\\n')",
            ],
            stdout=fds["stdout"],
        )
    assert ended_well(live(place))
    assert child.wait() == 0
    check(place, stdout=b"l" * 40_000 + b"\nx\n")


@pytest.mark.asyncio
async def test_what_a_container_wrote_while_no_agent_lived_is_kept_by_others(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    async with an_agent() as pump:
        capture = pump.open(place.logs, 0, **place.rotation, lasting=place.lasting)
        kept = [os.dup(fd) for fd in capture.kept_fds.values()]
        child = python(capture, "import os; os.read(0, 1); os.write(1, b'one\\ntwo')", stdin=True)
        await pump.call(lambda: None)
    assert child.stdin is not None
    child.stdin.close()
    child.wait()
    assert not place.log.read_bytes()

    async with an_agent() as pump:
        capture = pump.adopt(place.lasting, place.logs, 0, **place.rotation)
        capture.started()
        await capture.drained()
    for fd in kept:
        os.close(fd)
    check(place, stdout=b"one\ntwo")


@pytest.mark.asyncio
async def test_who_adopts_has_something_to_keep_again(tmp_path: Path) -> None:
    """The keeper may have died with the agent: a new one is given the same."""
    place = Place(tmp_path)
    with writing(place) as fds:
        async with an_agent() as pump:
            capture = pump.adopt(place.lasting, place.logs, 0, **place.rotation)
            kept = [os.dup(fd) for fd in capture.kept_fds.values()]
            place.let_go()
        os.write(fds["stdout"], b"out")
        os.write(fds["stderr"], b"err")
    assert len(kept) == 2
    place.kept = kept
    assert ended_well(live(place))
    check(place, stdout=b"out", stderr=b"err")


@pytest.mark.asyncio
async def test_an_agent_that_goes_in_order_leaves_half_a_line_to_the_next(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with writing(place) as fds:
        for number in range(5):
            os.write(fds["stdout"], b"%d: " % number)
            async with pumping() as pump:
                capture = pump.adopt(place.lasting, place.logs, 0, **place.rotation)
                await pump.call(lambda: None)
                await pump.close(detach=True)
                assert capture.is_drained
        os.write(fds["stdout"], b"end\n")
    assert ended_well(live(place))
    check(place, stdout=b"0: 1: 2: 3: 4: end\n")
    assert len(records(place.log)) == 1


@pytest.mark.asyncio
async def test_holding_what_is_kept_delays_no_end(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with pumping() as pump:
        capture = pump.open(place.logs, 0, **place.rotation, lasting=place.lasting)
        kept = [os.dup(fd) for fd in capture.kept_fds.values()]
        os.write(capture.stdout_fd, b"said\n")
        capture.started()
        await capture.drained()
        for fd in kept:
            os.close(fd)
    check(place, stdout=b"said\n")


@pytest.mark.asyncio
async def test_nothing_was_left(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with pumping() as pump:
        capture = pump.adopt(place.lasting, place.logs, 0, **place.rotation)
        await capture.drained()
    check(place, stdout=b"")


@pytest.mark.asyncio
async def test_abandoning_takes_what_is_there_and_removes_the_directory(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with pumping() as pump:
        capture = pump.open(place.logs, 0, **place.rotation, lasting=place.lasting)
        survivor = os.dup(capture.stdout_fd)
        os.write(survivor, b"last words")
        capture.abandon()
        await capture.drained()
        os.close(survivor)
    check(place, stdout=b"last words")


@pytest.mark.asyncio
async def test_remains_of_the_same_attempt_are_not_logged_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with writing(place) as fds:
        os.write(fds["stdout"], b"of a container that was never started\n")
    place.let_go()
    async with pumping() as pump:
        capture = pump.open(place.logs, 0, **place.rotation, lasting=place.lasting)
        os.write(capture.stdout_fd, b"new\n")
        capture.started()
        await capture.drained()
    check(place, stdout=b"new\n")


@pytest.mark.asyncio
async def test_a_container_of_another_user_can_reopen_its_output(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        missing("this test needs root: it starts a process as another user")
    place = Place(tmp_path)
    async with pumping() as pump:
        capture = pump.open(place.logs, 0, **place.rotation, lasting=place.lasting, owner=65534)
        child = subprocess.Popen(
            ["/bin/sh", "-c", "echo again > /dev/stdout; echo bad > /dev/stderr"],
            user=65534, stdout=capture.stdout_fd, stderr=capture.stderr_fd,
        )  # fmt: skip
        capture.started()
        assert child.wait() == 0
        await capture.drained()
    check(place, stdout=b"again\n", stderr=b"bad\n")


@pytest.mark.asyncio
async def test_records_held_for_a_broken_disk_survive_the_agent(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.logs.write_text("a file in the way")
    problems = Problems()
    with writing(place) as fds:
        async with pumping(problems) as pump:
            pump.adopt(place.lasting, place.logs, 0, **place.rotation)
            os.write(fds["stdout"], LINES)
            while not problems:
                await asyncio.sleep(0.001)
            await pump.close(detach=True)
    place.logs.unlink()
    assert ended_well(live(place))
    check(place, stdout=LINES)


def test_killed_at_any_point_on_a_full_disk(tmp_path: Path) -> None:
    """The log's file system takes half of it; there is room again when the next agent comes."""
    where = tmp_path / "disk"
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "barepod-test", str(where)]
    if subprocess.run(mount, capture_output=True).returncode:
        missing("this test needs to mount a tmpfs: it must run as root")
    try:
        for point in range(30):
            place = Place(tmp_path / str(point), logs=where)
            with writing(place) as fds:
                os.write(fds["stdout"], LINES + HALF)
            agent = live(place, die_at=point)
            while os.statvfs(where).f_bavail and not has_ended(agent):
                pass
            os.kill(agent, signal.SIGKILL)
            ended_well(agent)
            subprocess.run(["mount", "-o", "remount,size=1m", str(where)], check=True)
            assert ended_well(live(place))
            check(place, stdout=LINES + HALF)
            place.log.unlink()
            subprocess.run(["mount", "-o", "remount,size=64k", str(where)], check=True)
    finally:
        subprocess.run(["umount", str(where)], check=True)


@pytest.mark.asyncio
async def test_without_room_for_the_spool_output_is_logged_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place = Place(tmp_path)
    problems = Problems()
    async with pumping(problems) as pump:
        capture = pump.open(place.logs, 0, **place.rotation, lasting=place.lasting)
        os.write(capture.stdout_fd, b"before\nha")
        await until_logged(place, b"before")
        with monkeypatch.context() as patch:
            patch.setattr(os, "splice", full)
            os.write(capture.stdout_fd, b"lf\nmeanwhile ")
            await until_logged(place, b"half")
        os.write(capture.stdout_fd, b"and\nafter\n")
        await until_logged(place, b"after")
        capture.started()
        await capture.drained()
    assert [(path, exc.errno) for path, exc in problems] == [(place.lasting, errno.ENOSPC)]
    check(place, stdout=b"before\nhalf\nmeanwhile and\nafter\n")


@pytest.mark.asyncio
async def test_a_fault_of_ours_does_not_stop_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    place = Place(tmp_path)
    async with pumping() as pump:
        capture = pump.open(place.logs, 0, **place.rotation, lasting=place.lasting)
        await pump.call(lambda: None)
        monkeypatch.setattr(LogSink, "write", lambda *_: 1 // 0)
        child = python(
            capture, "import os; [os.write(1, b'x' * 1000 + b'\\n') for _ in range(500)]"
        )
        await capture.drained()
        assert child.wait() == 0
    assert [type(fault["exception"]) for fault in faults] == [ZeroDivisionError]


@contextmanager
def writing(place: Place) -> Iterator[dict[str, int]]:
    """A container's ends of its FIFOs for the block; what is left in the pipes stays there."""
    made = Lasting.make(place.lasting, owner=None)
    fds = {stream: made.write_end(stream) for stream in STREAMS}
    place.kept = [made.read_end(stream) for stream in STREAMS]
    made.close()
    yield fds
    for fd in fds.values():
        os.close(fd)


def size_of_logs(place: Place) -> int:
    size = 0
    for path in place.logs.glob("0.log*"):
        with suppress(FileNotFoundError):  # it is being rotated
            size += path.stat().st_size
    return size


def has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
