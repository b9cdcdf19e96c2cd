"""Real pipes, children, threads and files under a log pump."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
from pathlib import Path

import pytest

from tests.support.logs import content, pumping, python, records, wait_for_text

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
