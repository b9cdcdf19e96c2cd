"""Real pipes, children, threads and files under a log pump."""

from __future__ import annotations

import asyncio
import errno
import os
import pty
import select
import signal
import termios
import threading
from pathlib import Path

import pytest

from agent.host.cri_log import Splitter
from agent.host.log_sink import LogSink
from agent.host.output import LogCapture, LogPump
from tests.support.logs import Problems, content, open_fds, pumping, python, records

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

MIB = 1024 * 1024


async def test_both_streams_of_a_child_end_up_in_one_file(tmp_path: Path) -> None:
    async with pumping() as pump:
        capture = pump.open(tmp_path / "ns_pod_uid" / "web", 3, max_size=MIB, max_files=5)
        child = python(
            capture,
            "import os; os.write(1, b'out\\n'); os.write(2, b'err\\n'); os.write(1, b'hal')",
        )
        await capture.drained()
        child.wait()

    assert capture.path == str(tmp_path / "ns_pod_uid" / "web" / "3.log")
    found = records(capture.path)
    assert content(found, "stdout") == b"out\nhal"
    assert content(found, "stderr") == b"err\n"
    assert [r.tag for r in found if r.stream == b"stdout"] == [b"F", b"P"]
    assert found == sorted(found, key=lambda record: record.stamp)


async def test_binary_output_is_kept_as_it_is(tmp_path: Path) -> None:
    data = bytes(range(256)) * 500
    async with pumping() as pump:
        capture = pump.open(tmp_path, 0, max_size=MIB, max_files=5)
        child = python(capture, "import sys; sys.stdout.buffer.write(bytes(range(256)) * 500)")
        await capture.drained()
        child.wait()

    assert content(records(capture.path)) == data


async def test_a_flood_loses_nothing_and_the_loop_keeps_ticking(tmp_path: Path) -> None:
    line = b"%09d " + b"x" * 89
    count = 64 * MIB // 100
    ticks: list[float] = []
    loop = asyncio.get_running_loop()

    async def tick() -> None:
        while True:
            due = loop.time() + 0.01
            await asyncio.sleep(0.01)
            ticks.append(loop.time() - due)

    async with pumping() as pump:
        capture = pump.open(tmp_path, 0, max_size=10 * MIB, max_files=50)
        ticker = asyncio.create_task(tick())
        child = python(
            capture,
            f"import os, sys\nfor i in range(0, {count}, 600):\n"
            f" b = b''.join({line!r} % j + b'\\n' for j in range(i, min(i + 600, {count})))\n"
            " sys.stdout.buffer.write(b)",
        )
        async with asyncio.timeout(25):
            await capture.drained()
        ticker.cancel()
        child.wait()

    number = 0
    for record in records(capture.path):
        assert record.text == line % number
        number += 1
    assert number == count
    assert sorted(ticks)[len(ticks) // 2] < 0.05  # the median: other work may share the machine


async def test_many_writers_keep_their_order(tmp_path: Path) -> None:
    async with pumping() as pump:
        captures = [pump.open(tmp_path / str(n), 0, max_size=MIB, max_files=5) for n in range(100)]
        for number in range(50):
            for capture in captures:
                os.write(capture.stdout_fd, b"out %d\n" % number)
                os.write(capture.stderr_fd, b"err %d\n" % number)
        for capture in captures:
            capture.started()
            await capture.drained()

    for capture in captures:
        found = records(capture.path)
        assert content(found, "stdout") == b"".join(b"out %d\n" % n for n in range(50))
        assert content(found, "stderr") == b"".join(b"err %d\n" % n for n in range(50))


async def test_an_attempt_that_goes_on_appends_and_ends_a_torn_record(tmp_path: Path) -> None:
    (tmp_path / "0.log").write_bytes(b"2025-06-01T12:00:00.000000000Z stdout F torn")
    async with pumping() as pump:
        capture = pump.open(tmp_path, 0, max_size=MIB, max_files=5)
        os.write(capture.stdout_fd, b"more\n")
        capture.started()
        await capture.drained()

    assert content(records(capture.path)) == b"torn\nmore\n"


async def test_abandon_takes_what_is_there_although_someone_holds_the_pipe(tmp_path: Path) -> None:
    async with pumping() as pump:
        capture = pump.open(tmp_path, 0, max_size=MIB, max_files=5)
        child = python(capture, "import os, time; os.write(1, b'said\\n'); time.sleep(60)")
        await wait_for_text(capture.path, b"said")
        assert not capture.is_drained

        capture.abandon()
        await capture.drained()
        child.kill()
        child.wait()

    assert content(records(capture.path)) == b"said\n"


async def test_closing_a_flooded_pump_is_quick_and_ends_the_file_well(tmp_path: Path) -> None:
    async with pumping() as pump:
        capture = pump.open(tmp_path, 0, max_size=MIB, max_files=3)
        child = python(
            capture, "import os, signal\nwhile True: os.write(1, b'0123456789abcde\\n' * 4000)"
        )
        await wait_for_text(capture.path, b"0123456789abcde")
        async with asyncio.timeout(2):
            await pump.close()
        assert capture.is_drained
        assert child.wait() != 0  # the pipe is closed under it

    assert {record.text for record in records(capture.path)[:-1]} == {b"0123456789abcde"}


async def test_a_terminal_is_one_stream(tmp_path: Path) -> None:
    async with pumping() as pump:
        master, slave = pty.openpty()
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        capture = pump.open(tmp_path, 0, max_size=MIB, max_files=5, tty_master=master)
        assert (capture.stdout_fd, capture.stderr_fd) == (-1, -1)
        os.write(slave, b"to a person\nprompt> ")
        os.close(slave)
        await capture.drained()

    found = records(capture.path)
    assert content(found) == b"to a person\nprompt> "


async def test_the_follower_gets_every_byte_and_the_end(tmp_path: Path) -> None:
    seen: list[tuple[str, bytes]] = []
    async with pumping() as pump:
        capture = pump.open(
            tmp_path, 0, max_size=MIB, max_files=5, follower=lambda s, d: seen.append((s, d))
        )
        os.write(capture.stdout_fd, b"half")
        os.write(capture.stderr_fd, b"\xff\n")
        capture.started()
        await capture.drained()

    assert b"".join(data for stream, data in seen if stream == "stdout") == b"half"
    assert sorted(stream for stream, data in seen if not data) == ["stderr", "stdout"]


async def test_a_broken_follower_is_dropped_and_the_output_kept(tmp_path: Path) -> None:
    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))

    def broken(stream: str, data: bytes) -> None:
        raise ValueError(stream)

    async with pumping() as pump:
        capture = pump.open(tmp_path, 0, max_size=MIB, max_files=5, follower=broken)
        os.write(capture.stdout_fd, b"kept\n")
        capture.started()
        await capture.drained()

    assert content(records(capture.path)) == b"kept\n"
    assert [type(fault["exception"]) for fault in faults] == [ValueError]


async def test_a_stalled_disk_blocks_neither_loop_nor_pump_and_loses_nothing(
    tmp_path: Path,
) -> None:
    """A FIFO stands where the file should be: it takes 64 KiB and then stalls like a disk."""
    os.mkfifo(tmp_path / "0.log")
    reader = os.open(tmp_path / "0.log", os.O_RDONLY | os.O_NONBLOCK)
    total = 300_000
    async with pumping() as pump:
        capture = pump.open(tmp_path, 0, max_size=100 * MIB, max_files=5)
        child = python(
            capture, f"import sys\nfor n in range({total // 10}): sys.stdout.write('%09d\\n' % n)"
        )
        for _ in range(20):  # the loop runs while the log thread is stuck in write()
            await asyncio.sleep(0.01)
        assert child.poll() is None  # it waits for room in the pipe
        assert not capture.is_drained
        received = await read_until_drained(reader, capture)
        child.wait()
    os.close(reader)

    lines = received.split(b"\n")[:-1]
    assert [line.split(b" ", 3)[3] for line in lines] == [b"%09d" % n for n in range(total // 10)]


async def test_closing_while_the_disk_is_stalled_gives_up_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.host.output._CLOSE_SECONDS", 0.2)
    os.mkfifo(tmp_path / "0.log")
    reader = os.open(tmp_path / "0.log", os.O_RDONLY | os.O_NONBLOCK)
    fds, threads = open_fds(), threading.active_count()
    problems = Problems()
    pump = LogPump(asyncio.get_running_loop(), problems.report)
    capture = pump.open(tmp_path, 0, max_size=100 * MIB, max_files=5)
    child = python(capture, "import os\nwhile True: os.write(1, b'0123456789abcde\\n' * 4000)")
    while not readable(reader):
        await asyncio.sleep(0.01)

    await pump.close()
    assert [(path, type(exc)) for path, exc in problems] == [(capture.path, TimeoutError)]

    child.send_signal(signal.SIGKILL)
    child.wait()
    await read_until_drained(reader, capture)  # the disk is back: the thread ends by itself
    while open_fds() != fds or threading.active_count() != threads:
        await asyncio.sleep(0.001)
    os.close(reader)


async def test_a_removed_directory_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.host.log_sink._LOOK_AGAIN", 0.0)
    async with pumping() as pump:
        capture = pump.open(tmp_path / "a" / "b", 0, max_size=MIB, max_files=5)
        os.write(capture.stdout_fd, b"one\n")
        await wait_for_text(capture.path, b"one")
        Path(capture.path).unlink()
        (tmp_path / "a" / "b").rmdir()
        (tmp_path / "a").rmdir()
        os.write(capture.stdout_fd, b"two\n")
        capture.started()
        await capture.drained()

    assert content(records(capture.path)) == b"two\n"


async def test_a_renamed_file_is_left_alone_and_a_new_one_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.host.log_sink._LOOK_AGAIN", 0.0)
    async with pumping() as pump:
        capture = pump.open(tmp_path, 0, max_size=MIB, max_files=5)
        os.write(capture.stdout_fd, b"one\n")
        await wait_for_text(capture.path, b"one")
        (tmp_path / "0.log").rename(tmp_path / "moved")
        os.write(capture.stdout_fd, b"two\n")
        capture.started()
        await capture.drained()

    assert content(records(tmp_path / "moved")) == b"one\n"
    assert content(records(capture.path)) == b"two\n"


async def test_a_directory_that_cannot_be_made_is_reported_and_retried(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file in the way")
    problems = Problems()
    async with pumping(problems) as pump:
        capture = pump.open(tmp_path / "logs" / "web", 0, max_size=MIB, max_files=5)
        os.write(capture.stdout_fd, b"held\n")
        capture.started()
        while not problems:
            await asyncio.sleep(0.001)
        assert not capture.is_drained
        (tmp_path / "logs").unlink()
        await capture.drained()

    assert [(path, exc.errno) for path, exc in problems] == [(capture.path, errno.ENOTDIR)]
    assert content(records(capture.path)) == b"held\n"


async def test_captures_that_ended_on_a_broken_disk_do_not_pile_up(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file in the way")
    async with pumping(Problems()) as pump:
        captures = [pump.open(tmp_path / "logs", n, max_size=MIB, max_files=5) for n in range(20)]
        for capture in captures:
            os.write(capture.stdout_fd, b"x\n")
            capture.started()
        await captures[3].drained()
        assert [capture.is_drained for capture in captures] == [True] * 4 + [False] * 16


async def test_no_descriptors_is_an_error_of_open_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pumping() as pump:
        pump.start()
        before = open_fds()
        made: list[tuple[int, int]] = []
        pipe2 = os.pipe2

        def exhausted(flags: int) -> tuple[int, int]:
            if made:
                raise OSError(errno.EMFILE, "Too many open files")
            made.append(pipe2(flags))
            return made[0]

        with monkeypatch.context() as patch:
            patch.setattr(os, "pipe2", exhausted)
            with pytest.raises(OSError, match="Too many open files"):
                pump.open(tmp_path, 0, max_size=MIB, max_files=5)
        assert open_fds() == before


async def test_no_threads_is_an_error_of_open_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async with pumping() as pump:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", exhausted)
            with pytest.raises(BlockingIOError):
                pump.open(tmp_path, 0, max_size=MIB, max_files=5)
        capture = pump.open(tmp_path, 0, max_size=MIB, max_files=5)
        capture.started()
        await capture.drained()


async def test_old_attempts_are_removed_by_the_log_thread(tmp_path: Path) -> None:
    for name in ("0.log", "0.log.20250601-120000", "1.log", "2.log", "other"):
        (tmp_path / name).write_text("")
    async with pumping() as pump:
        pump.discard(tmp_path, before=1)
        assert await pump.call(lambda: sorted(path.name for path in tmp_path.iterdir())) == [
            "1.log",
            "2.log",
            "other",
        ]
        pump.discard(tmp_path)
        assert not await pump.call(tmp_path.exists)


async def test_an_error_of_a_call_reaches_its_caller(tmp_path: Path) -> None:
    async with pumping() as pump:
        with pytest.raises(FileNotFoundError):
            await pump.tail(str(tmp_path / "0.log"))


async def test_a_fault_in_the_log_thread_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    async with pumping() as pump:
        with monkeypatch.context() as patch:
            patch.setattr(LogSink, "open", lambda _: 1 // 0)
            lost = pump.open(tmp_path, 0, max_size=MIB, max_files=5)
            lost.started()
            await lost.drained()
        capture = pump.open(tmp_path, 1, max_size=MIB, max_files=5)
        os.write(capture.stdout_fd, b"alive\n")
        capture.started()
        await capture.drained()
        assert [type(fault["exception"]) for fault in faults] == [ZeroDivisionError]

    assert content(records(capture.path)) == b"alive\n"


async def test_a_fault_in_one_capture_ends_only_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    feed = Splitter.feed

    def faulty(splitter: Splitter, data: bytes, stamp: bytes) -> bytes:
        if b"bad" in data:
            raise ZeroDivisionError
        return feed(splitter, data, stamp)

    async with pumping() as pump:
        monkeypatch.setattr(Splitter, "feed", faulty)
        captures = [pump.open(tmp_path, n, max_size=MIB, max_files=5) for n in range(2)]
        os.write(captures[0].stdout_fd, b"bad\n")
        captures[0].started()
        await captures[0].drained()
        os.write(captures[1].stdout_fd, b"good\n")
        captures[1].started()
        await captures[1].drained()

    assert content(records(captures[1].path)) == b"good\n"
    assert [type(fault["exception"]) for fault in faults] == [ZeroDivisionError]


async def wait_for_text(path: str, text: bytes) -> None:
    """Until the file contains it."""
    while not (Path(path).exists() and text in Path(path).read_bytes()):
        await asyncio.sleep(0.005)


async def read_until_drained(fifo: int, capture: LogCapture) -> bytes:
    """Be the disk that takes everything again."""
    received = bytearray()
    while True:
        was_drained = capture.is_drained
        while readable(fifo) and (chunk := os.read(fifo, MIB)):
            received += chunk
        if was_drained:
            return bytes(received)
        await asyncio.sleep(0.001)


def readable(fd: int) -> bool:
    """Is there anything to read right now?"""
    return bool(select.select([fd], [], [], 0)[0])
