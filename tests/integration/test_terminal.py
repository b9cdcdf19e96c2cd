"""What a person sees of several containers, and what happens when nobody looks."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.host.terminal import Terminal

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

KIB = 1024


@asynccontextmanager
async def to_file(path: Path, *names: str) -> AsyncIterator[Terminal]:
    """A terminal that is a file; closed and without a thread afterwards."""
    threads = threading.active_count()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    terminal = Terminal(fd, names=names)
    try:
        yield terminal
    finally:
        await terminal.close()
        os.close(fd)
    assert threading.active_count() == threads


async def test_lines_are_prefixed_with_the_aligned_name(tmp_path: Path) -> None:
    async with to_file(tmp_path / "out", "web", "sidecar") as terminal:
        web, sidecar = terminal.follower("web"), terminal.follower("sidecar")
        web("stdout", b"one\ntwo\n")
        sidecar("stderr", b"three\n")
        terminal.line("Normal  Started  Started container web")

    assert (tmp_path / "out").read_bytes() == (
        b"web     | one\nweb     | two\nsidecar | three\nNormal  Started  Started container web\n"
    )


async def test_halves_wait_for_their_line_so_that_containers_never_mix(tmp_path: Path) -> None:
    async with to_file(tmp_path / "out") as terminal:
        a, b = terminal.follower("a"), terminal.follower("b")
        a("stdout", b"be")
        b("stdout", b"other\n")
        a("stderr", b"error\n")
        a("stdout", b"gin\nend")
        b("stdout", b"")
        a("stdout", b"")

    assert (tmp_path / "out").read_bytes() == b"b | other\na | error\na | begin\na | end\n"


async def test_a_long_line_is_shown_in_pieces_before_it_ends(tmp_path: Path) -> None:
    async with to_file(tmp_path / "out") as terminal:
        follower = terminal.follower("a")
        for _ in range(20):
            follower("stdout", b"x" * KIB)

    lines = (tmp_path / "out").read_bytes().split(b"\n")
    assert len(lines[0]) == len("a | ") + 17 * KIB


async def test_carriage_returns_at_the_end_of_lines_are_left_out(tmp_path: Path) -> None:
    async with to_file(tmp_path / "out") as terminal:
        terminal.follower("a")("stdout", b"one\r\ntwo\r\n")

    assert (tmp_path / "out").read_bytes() == b"a | one\na | two\n"


async def test_a_name_cannot_move_the_cursor(tmp_path: Path) -> None:
    async with to_file(tmp_path / "out") as terminal:
        terminal.follower("a\x1b[2J\nb")("stdout", b"x\n")

    assert (tmp_path / "out").read_bytes() == b"a?[2J?b | x\n"


async def test_two_threads_never_share_a_line(tmp_path: Path) -> None:
    async with to_file(tmp_path / "out") as terminal:
        followers = [terminal.follower(name) for name in "ab"]

        def write(number: int) -> None:
            for _ in range(500):
                followers[number]("stdout", b"x" * 50 + b"\n" + b"y" * 50)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    text = (tmp_path / "out").read_bytes().split(b"\n")[:-1]
    assert len(text) == 1000
    assert set(text) == {
        b"a | " + b"x" * 50, b"b | " + b"x" * 50,
        b"a | " + b"y" * 50 + b"x" * 50, b"b | " + b"y" * 50 + b"x" * 50,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "is_colored"),
    [({"TERM": "xterm"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
async def test_a_person_s_terminal_has_colors_unless_unwanted(
    environ: Mapping[str, str], is_colored: bool
) -> None:
    master, slave = raw_terminal()
    terminal = Terminal(slave, names=["a", "b"], environ=environ)
    terminal.follower("a")("stdout", b"x\n")
    terminal.follower("b")("stdout", b"y\n")
    terminal.follower("a")("stdout", b"z\n")  # another attempt has the same colour
    await terminal.close()

    shown = os.read(master, KIB)
    os.close(master)
    os.close(slave)
    if is_colored:
        assert shown == (
            b"\x1b[0;36ma | \x1b[0mx\n\x1b[0;33mb | \x1b[0my\n\x1b[0;36ma | \x1b[0mz\n"
        )
    else:
        assert shown == b"a | x\nb | y\na | z\n"


async def test_a_stalled_terminal_holds_nobody_up_and_says_what_it_missed() -> None:
    master, slave = raw_terminal()
    termios.tcflow(slave, termios.TCOOFF)  # Ctrl-S
    terminal = Terminal(slave, environ={"NO_COLOR": "1"})
    follower = terminal.follower("a")
    started = time.monotonic()
    for _ in range(400):
        follower("stdout", b"0123456789abcde\n" * 512)
    assert time.monotonic() - started < 5.0

    termios.tcflow(slave, termios.TCOON)  # Ctrl-Q
    closing = asyncio.create_task(terminal.close())
    shown = await read_until_done(master, closing)
    os.close(master)
    os.close(slave)

    lines = shown.split(b"\n")[:-1]
    assert set(lines[:-1]) == {b"a | 0123456789abcde"}
    missed = int(lines[-1].split()[1])
    assert lines[-1] == b"[barepod: %d lines not shown: the terminal was too slow]" % missed
    assert len(lines) - 1 + missed == 400 * 512


async def test_closing_a_stalled_terminal_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.host.terminal._CLOSE_SECONDS", 0.05)
    reader, writer = os.pipe()
    terminal = Terminal(writer)
    terminal.follower("a")("stdout", b"x" * 16 * KIB + b"\n" * 8 * KIB + b"y" * 8 * KIB + b"\n")
    terminal.line("z" * 100 * KIB)

    await terminal.close()
    terminal.line("too late")

    threads = {thread.name: thread for thread in threading.enumerate()}
    os.close(reader)  # frees the writer: the pipe is broken
    threads["terminal"].join()
    os.close(writer)
    assert terminal.is_broken


async def test_a_reader_of_a_pipe_gets_everything_although_it_is_slow() -> None:
    reader, writer = os.pipe()
    terminal = Terminal(writer)
    follower = terminal.follower("a")
    chunk = b"0123456789abcde\n" * 4096

    def write() -> None:
        for _ in range(64):
            follower("stdout", chunk)

    producer = threading.Thread(target=write)
    producer.start()
    received = bytearray()
    while len(received) < 64 * 4096 * 20:
        received += os.read(reader, 64 * KIB)
        await asyncio.sleep(0.0001)
    producer.join()
    await terminal.close()
    os.close(reader)
    os.close(writer)
    assert received == b"a | 0123456789abcde\n" * (64 * 4096)


async def test_a_terminal_that_has_gone_is_noticed_and_costs_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    terminal = Terminal(writer)
    terminal.line("hello?")
    while not terminal.is_broken:
        await asyncio.sleep(0.001)
    terminal.line("never mind")
    await terminal.close()
    os.close(writer)


async def test_a_terminal_that_is_never_used_has_no_thread() -> None:
    threads = threading.active_count()
    terminal = Terminal(1)
    terminal.follower("a")
    assert threading.active_count() == threads
    await terminal.close()


async def test_without_a_thread_lines_are_missed_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async with to_file(tmp_path / "out") as terminal:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", exhausted)
            terminal.line("lost")
        terminal.line("shown")

    assert (tmp_path / "out").read_bytes() == (
        b"shown\n[barepod: 1 line not shown: the terminal was too slow]\n"
    )


async def test_a_terminal_made_non_blocking_by_others_still_gets_everything() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    terminal = Terminal(writer)
    terminal.line("x" * 200 * KIB)
    received = await read_until_done(reader, asyncio.create_task(terminal.close()))
    os.close(reader)
    os.close(writer)
    assert received == b"x" * 200 * KIB + b"\n"


def raw_terminal() -> tuple[int, int]:
    master, slave = pty.openpty()
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    return master, slave


async def read_until_done(fd: int, task: asyncio.Task[None]) -> bytes:
    """Read what comes until the task has ended."""
    os.set_blocking(fd, False)
    received = bytearray()
    while True:
        done = task.done()
        try:
            while True:
                received += os.read(fd, 64 * KIB)
        except BlockingIOError:
            if done:
                return bytes(received)
        await asyncio.sleep(0.001)


async def test_own_lines_are_kept_for_a_reader_who_is_late() -> None:
    reader, writer = os.pipe()
    terminal = Terminal(writer)
    line = "x" * 1000
    for _ in range(5000):  # five times the limit for container output
        terminal.line(line)

    received = b""
    closing = asyncio.create_task(terminal.close())
    loop = asyncio.get_running_loop()
    while received.count(b"\n") < 5000:
        received += await loop.run_in_executor(None, os.read, reader, 1 << 20)
    await closing
    os.close(reader)
    os.close(writer)

    assert received == (line.encode() + b"\n") * 5000
