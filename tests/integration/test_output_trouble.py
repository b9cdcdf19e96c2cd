"""A log pump in trouble: disks that stall or are full, no descriptors, faults of its own."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import signal
import threading
from pathlib import Path

import pytest

from agent.host.cri_log import Splitter
from agent.host.log_sink import LogSink
from agent.host.output import LogCapture, LogPump
from tests.support.logs import Problems, content, open_fds, pumping, python, records, wait_for_text

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

MIB = 1024 * 1024


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
