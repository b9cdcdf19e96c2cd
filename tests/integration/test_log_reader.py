"""Logs are read back as the container wrote them."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.host import cri_log
from agent.host.log_files import LogFile
from agent.host.log_reader import LogReader, read_log, tail
from tests.support.logs import open_fds, pumping

pytestmark = pytest.mark.integration


def record(second: int, text: str, *, stream: str = "stdout", tag: str = "F") -> bytes:
    return f"2025-06-01T12:00:{second:02d}.000000000Z {stream} {tag} {text}\n".encode()


def store(path: Path, *texts: bytes, max_size: int = 10**6) -> str:
    """Write records through rotation."""
    file = LogFile(str(path), max_size=max_size, max_files=1000)
    file.open()
    for text in texts:
        start = 0
        while start < len(text):
            start = file.write(text, start)
    file.close()
    return str(path)


def test_prefixes_are_stripped_and_partial_records_joined(tmp_path: Path) -> None:
    path = store(
        tmp_path / "0.log",
        record(0, "hello"),
        record(1, "be", tag="P"),
        record(1, "gin", tag="F"),
        record(2, ""),
        record(3, "no end", tag="P"),
    )

    assert b"".join(read_log(path)) == b"hello\nbegin\n\nno end"


def test_options_work_as_in_kubectl_logs(tmp_path: Path) -> None:
    path = store(
        tmp_path / "0.log",
        record(0, "zero"),
        record(1, "one", stream="stderr"),
        record(2, "t", tag="P"),
        record(3, "wo"),
        record(4, "three", stream="stderr"),
    )

    assert b"".join(read_log(path, stream="stderr")) == b"one\nthree\n"
    assert b"".join(read_log(path, tail_lines=2)) == b"wo\nthree\n"
    assert b"".join(read_log(path, tail_lines=0)) == b""
    assert b"".join(read_log(path, tail_lines=99)) == b"zero\none\ntwo\nthree\n"
    assert b"".join(read_log(path, tail_lines=1, stream="stdout")) == b"wo\n"
    assert b"".join(read_log(path, limit_bytes=7)) == b"zero\non"
    since = datetime(2025, 6, 1, 12, 0, 3, tzinfo=UTC)
    assert b"".join(read_log(path, since_time=since)) == b"wo\nthree\n"
    assert b"".join(read_log(path, timestamps=True, stream="stdout")) == (
        b"2025-06-01T12:00:00.000000000Z zero\n2025-06-01T12:00:02.000000000Z two\n"
    )


def test_lines_that_are_no_records_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "0.log").write_bytes(b"garbage\n" + record(0, "good") + b"\n\xff\xfe\n")

    assert b"".join(read_log(str(tmp_path / "0.log"))) == b"good\n"


def test_a_missing_log_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_log(str(tmp_path / "0.log")))


def test_a_log_between_two_files_is_read(tmp_path: Path) -> None:
    (tmp_path / "0.log.20250601-120000").write_bytes(record(0, "rotated"))

    assert b"".join(read_log(str(tmp_path / "0.log"))) == b"rotated\n"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    count=st.integers(0, 60),
    max_size=st.integers(50, 500),
    lines=st.integers(0, 70),
    limit=st.integers(1, 400),
)
def test_a_tail_across_any_rotation_is_the_end_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, count: int, max_size: int, lines: int, limit: int
) -> None:
    texts = [f"line {number}" for number in range(count)]
    path = store(
        tmp_path_factory.mktemp("logs") / "0.log",
        *(record(0, text) for text in texts),
        max_size=max_size,
    )
    before = open_fds()
    expected = "".join(f"{text}\n" for text in texts[max(count - lines, 0) :])

    assert b"".join(read_log(path)).decode() == "".join(f"{text}\n" for text in texts)
    assert b"".join(read_log(path, tail_lines=lines)).decode() == expected
    assert tail(path, lines, limit) == expected[-limit:]
    assert open_fds() == before


def test_a_tail_of_large_files_is_found_from_the_end(tmp_path: Path) -> None:
    path = store(tmp_path / "0.log", *(record(0, f"{n:0100d}") for n in range(5000)))

    lines = b"".join(read_log(path, tail_lines=1234)).split()
    assert [int(line) for line in lines] == list(range(5000 - 1234, 5000))


def test_the_termination_message_has_80_lines_and_2048_bytes_at_most(tmp_path: Path) -> None:
    short = store(tmp_path / "0.log", *(record(0, str(n)) for n in range(100)))
    long = store(tmp_path / "1.log", *(record(0, "é" * 100) for n in range(100)))

    assert tail(short).split() == [str(n) for n in range(20, 100)]
    assert len(tail(long).encode("utf-8", "replace")) <= 2048 + 2
    assert tail(long).endswith("é" * 100 + "\n")


@pytest.mark.asyncio
async def test_following_yields_everything_until_the_container_ends(tmp_path: Path) -> None:
    async with pumping() as pump:
        capture = pump.open(tmp_path, 0, max_size=100, max_files=1000)
        received = bytearray()
        os.write(capture.stdout_fd, b"before\n")
        reader = LogReader(capture.path)
        async for output in pump.follow(reader):
            received += output
            number = received.count(b"\n")
            if number < 30:
                os.write(capture.stdout_fd, b"%d\n" % number)
            else:
                capture.started()

    assert received == b"before\n" + b"".join(b"%d\n" % number for number in range(1, 30))


@pytest.mark.asyncio
async def test_a_follower_that_falls_behind_a_rotation_misses_nothing_that_is_kept(
    tmp_path: Path,
) -> None:
    async with pumping() as pump:
        capture = pump.open(tmp_path, 0, max_size=200, max_files=4)
        reader = LogReader(capture.path)
        received = bytearray()
        os.write(capture.stdout_fd, b"first\n")
        async for output in pump.follow(reader):
            received += output
            if output == b"first\n":
                os.write(capture.stdout_fd, b"".join(b"%d\n" % n for n in range(500)))
                capture.started()

    kept = b"".join(read_log(capture.path))
    assert received.startswith(b"first\n")
    assert received.endswith(kept)


@pytest.mark.asyncio
async def test_following_a_finished_log_ends_and_can_be_cancelled_while_waiting(
    tmp_path: Path,
) -> None:
    async with pumping() as pump:
        path = store(tmp_path / "0.log", record(0, "over"))
        assert [output async for output in pump.follow(LogReader(path))] == [b"over\n"]
        limited = LogReader(path, limit_bytes=2)
        assert [output async for output in pump.follow(limited)] == [b"ov"]

        capture = pump.open(tmp_path, 1, max_size=1000, max_files=2)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                async for _ in pump.follow(LogReader(capture.path)):
                    pytest.fail("nothing was written")
        capture.started()
        await capture.drained()


@pytest.mark.asyncio
async def test_following_a_log_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    async with pumping() as pump:
        with pytest.raises(FileNotFoundError):
            async for _ in pump.follow(LogReader(str(tmp_path / "0.log"))):
                pytest.fail("there is nothing")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=st.lists(
        st.one_of(
            st.builds(
                record,
                st.integers(0, 9),
                st.sampled_from(["", "text", "two words", " stdout F ", "x" * 99]),
                stream=st.sampled_from(["stdout", "stderr"]),
                tag=st.sampled_from(["F", "F", "F", "P", "F:x"]),
            ),
            st.sampled_from([b"\n", b"garbage\n", b" stdout F no stamp\n", b"a b stdout F x\n"]),
            st.just(b"just as long as a stamp can be stdout F text\n"),
        )
    ),
    since=st.sampled_from([None, 0, 4, 9]),
    timestamps=st.booleans(),
)
def test_whatever_the_records_are_they_are_read_as_each_of_them_says(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[bytes],
    since: int | None,
    timestamps: bool,
) -> None:
    path = tmp_path_factory.mktemp("logs") / "0.log"
    path.write_bytes(b"".join(lines))
    records = filter(None, (cri_log.parse(line[:-1]) for line in lines))
    first = None if since is None else datetime(2025, 6, 1, 12, 0, since, tzinfo=UTC)

    expected, begins = b"", True
    for found in records:
        if first is None or found.stamp >= cri_log.stamp_of(first):
            expected += found.stamp + b" " if timestamps and begins else b""
            expected += found.content
            begins = expected.endswith(b"\n") or not found.content
    assert b"".join(read_log(str(path), since_time=first, timestamps=timestamps)) == expected


@pytest.mark.parametrize("since", [None, datetime(2025, 6, 1, tzinfo=UTC)])
def test_full_lines_are_not_parsed_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, since: datetime | None
) -> None:
    path = store(tmp_path / "0.log", *(record(0, f"{n:0100d}") for n in range(2000)))
    monkeypatch.setattr(cri_log, "parse", lambda line: pytest.fail(f"looked at {line!r}"))

    found = b"".join(read_log(path, since_time=since))
    assert [int(line) for line in found.split()] == list(range(2000))
    stamped = b"".join(read_log(path, since_time=since, timestamps=True))
    assert [int(line) for line in stamped.split()[1::2]] == list(range(2000))
