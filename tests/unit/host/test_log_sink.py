"""What a sink does when its file answers with errors; the file is a fake."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import pytest

from agent.host.log_files import LogFile
from agent.host.log_sink import HELD_LIMIT, LogSink

STAMP = b"2025-06-01T12:00:00.000000000Z"


class FakeFile(LogFile):
    """A disk with `room` bytes; `error` makes everything fail."""

    def __init__(self) -> None:
        super().__init__("/0.log", max_size=10**9, max_files=2)
        self.content = b""
        self.room = 10**9
        self.error = 0
        self.moved = False
        self.opened = False

    @property
    def is_open(self) -> bool:
        return self.opened

    def open(self) -> None:
        self._check()
        self.opened = True
        if self.moved:
            self.content, self.moved = b"", False

    def write(self, data: bytes, start: int) -> int:
        self._check()
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        piece = data[start : start + self.room]
        self.content += piece
        self.room -= len(piece)
        return start + len(piece)

    def has_moved(self) -> bool:
        return self.moved

    def close(self) -> None:
        self.opened = False

    def _check(self) -> None:
        if self.error:
            raise OSError(self.error, os.strerror(self.error))


class Bench:
    """A sink, its fake file, its clock and what it reported."""

    def __init__(self) -> None:
        self.now = 100.0
        self.reports: list[int | None] = []
        self.file = FakeFile()
        self.sink = LogSink(
            self.file, clock=lambda: self.now, report=lambda e: self.reports.append(e.errno)
        )
        self.sink.open()

    def pass_time(self, until: Callable[[], bool]) -> None:
        """Retry whenever it is due until something has come true."""
        for _ in range(100):
            if until():
                return
            assert self.sink.due is not None
            self.now = self.sink.due
            self.sink.retry(STAMP)
        pytest.fail("it never came true")

    def healthy(self) -> bool:
        return self.sink.due is None


def record(number: int, stream: str = "stdout") -> bytes:
    return STAMP + f" {stream} F line {number}\n".encode()


def test_records_are_written_at_once() -> None:
    bench = Bench()

    bench.sink.write("stdout", record(1))

    assert bench.file.content == record(1)
    assert bench.reports == []
    assert bench.sink.due is None


def test_a_full_disk_is_reported_once_and_nothing_is_lost_when_space_returns_soon() -> None:
    bench = Bench()
    bench.file.room = len(record(1)) + 5

    for number in range(1, 6):
        bench.sink.write("stdout", record(number))
    bench.now += 1.0
    bench.sink.retry(STAMP)
    assert bench.file.content == record(1) + record(2)[:5]
    bench.file.room = 10**6
    bench.pass_time(bench.healthy)

    assert bench.file.content == b"".join(record(number) for number in range(1, 6))
    assert bench.reports == [errno.ENOSPC]


def test_a_long_failure_leaves_a_counted_gap_for_each_stream_in_its_place() -> None:
    bench = Bench()
    bench.file.room = 0
    big = STAMP + b" stdout F " + b"x" * (HELD_LIMIT - 100) + b"\n"

    bench.sink.write("stdout", big)
    bench.sink.write("stdout", record(1) + record(2))
    bench.sink.write("stderr", record(3, "stderr"))
    bench.file.room = 10**9
    bench.pass_time(bench.healthy)
    bench.sink.write("stdout", record(4))

    assert bench.file.content == big + (
        STAMP + b" stdout F [barepod: 2 lines (14 bytes) of stdout lost here: "
        b"No space left on device]\n"
        + STAMP
        + b" stderr F [barepod: 1 line (7 bytes) of stderr lost here: "
        b"No space left on device]\n" + record(4)
    )


def test_once_something_was_dropped_nothing_overtakes_the_gap() -> None:
    bench = Bench()
    bench.file.room = 0
    bench.sink.write("stdout", b"x" * (HELD_LIMIT - 10) + b"\n")
    bench.sink.write("stdout", record(1))  # too large: dropped
    bench.sink.write("stdout", b"y\n")  # would fit, but comes later

    bench.file.room = 10**9
    bench.pass_time(bench.healthy)

    assert b"y\n" not in bench.file.content
    assert b"2 lines" in bench.file.content


def test_memory_is_bounded_while_the_disk_fails() -> None:
    bench = Bench()
    bench.file.error = errno.EIO

    for number in range(50_000):
        bench.sink.write("stdout", record(number))

    bench.file.error = 0
    bench.pass_time(bench.healthy)
    assert HELD_LIMIT - 100 < len(bench.file.content) < HELD_LIMIT + 200


def test_retries_slow_down_to_two_seconds() -> None:
    bench = Bench()
    bench.file.room = 0
    bench.sink.write("stdout", record(1))
    times: list[float] = []

    for _ in range(8):
        assert bench.sink.due is not None
        times.append(round(bench.sink.due - bench.now, 3))
        bench.now = bench.sink.due
        bench.sink.retry(STAMP)

    assert times == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]


def test_a_file_that_cannot_be_made_is_made_when_that_works() -> None:
    bench = Bench()
    bench.file.opened = False
    bench.file.error = errno.EROFS

    bench.sink.write("stdout", record(1))
    bench.sink.retry(STAMP)
    assert bench.reports == [errno.EROFS]
    bench.file.error = 0
    bench.pass_time(bench.healthy)

    assert bench.file.content == record(1)


def test_a_torn_record_is_written_whole_into_a_new_file() -> None:
    bench = Bench()
    bench.file.room = len(record(1)) + 5
    bench.sink.write("stdout", record(1) + record(2))
    assert bench.file.content == record(1) + record(2)[:5]

    bench.file.moved = True
    bench.file.room = 10**6
    bench.pass_time(bench.healthy)

    assert bench.file.content == record(2)


def test_the_same_problem_is_news_again_after_a_time_of_health() -> None:
    bench = Bench()
    for pause in (0.0, 1.0, 60.0):
        bench.now += pause
        bench.file.room = 0
        bench.sink.write("stdout", record(1))
        bench.file.room = 10**6
        bench.pass_time(bench.healthy)

    assert bench.reports == [errno.ENOSPC, errno.ENOSPC]


def test_another_problem_is_reported_too() -> None:
    bench = Bench()
    bench.file.room = 0
    bench.sink.write("stdout", record(1))
    bench.file.error = errno.EIO
    bench.sink.retry(STAMP)

    assert bench.reports == [errno.ENOSPC, errno.EIO]


def test_input_is_unwritten_until_its_records_are_in_the_file() -> None:
    bench = Bench()
    bench.sink.write("stdout", record(1))
    assert bench.sink.unwritten() == {}

    bench.file.room = len(record(2)) + 5
    bench.sink.write("stdout", record(2) + record(3))
    bench.sink.write("stderr", record(4, "stderr"))
    assert bench.sink.unwritten() == {"stdout": len("line 3\n"), "stderr": len("line 4\n")}

    bench.file.room = 10**6
    bench.pass_time(bench.healthy)
    assert sum(bench.sink.unwritten().values()) == 0


def test_nothing_is_unwritten_once_output_is_dropped() -> None:
    bench = Bench()
    bench.file.room = 0
    bench.sink.write("stdout", STAMP + b" stdout F " + b"x" * (HELD_LIMIT - 100) + b"\n")
    assert bench.sink.unwritten()

    bench.sink.write("stdout", record(1) * 10)
    assert bench.sink.unwritten() == {}


def test_every_piece_of_a_torn_write_is_told() -> None:
    bench = Bench()
    seen: list[tuple[bytes, int]] = []
    bench.sink.wrote = lambda: seen.append(
        (bench.file.content, bench.sink.unwritten().get("stdout", 0))
    )
    bench.file.room = len(record(1)) + 5
    bench.sink.write("stdout", record(1) + record(2))
    bench.file.room = 10**6
    bench.pass_time(bench.healthy)

    assert seen == [
        (record(1) + record(2)[:5], len("line 2\n")),
        (record(1) + record(2), 0),
    ]
