"""Names, rotation and removal of log files on a real disk, and a disk that is really full."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.host import log_files
from agent.host.log_files import LogFile
from tests.support.logs import Problems, content, open_fds, pumping, records

pytestmark = pytest.mark.integration

SECOND = 1_000_000_000
NOON = 1_748_779_200 * SECOND  # 2025-06-01T12:00:00Z
PREFIX = b"2025-06-01T12:00:00.000000000Z stdout F "


class WallClock:
    """Nanoseconds that a test sets."""

    def __init__(self) -> None:
        self.ns = NOON

    def __call__(self) -> int:
        return self.ns


def line(text: str) -> bytes:
    return PREFIX + text.encode() + b"\n"


def write_all(file: LogFile, data: bytes) -> None:
    start = 0
    while start < len(data):
        start = file.write(data, start)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_file_takes_exactly_its_size_and_not_one_record_more(tmp_path: Path) -> None:
    wall = WallClock()
    file = LogFile(str(tmp_path / "0.log"), max_size=3 * len(line("1")), max_files=5, wall=wall)
    file.open()
    for number in range(7):
        write_all(file, line(str(number)))
        wall.ns += SECOND
    file.close()

    assert names(tmp_path) == ["0.log", "0.log.20250601-120003", "0.log.20250601-120006"]
    assert (tmp_path / "0.log").read_bytes() == line("6")
    assert (tmp_path / "0.log.20250601-120003").read_bytes() == line("0") + line("1") + line("2")


def test_one_large_write_is_spread_over_several_files(tmp_path: Path) -> None:
    file = LogFile(
        str(tmp_path / "0.log"), max_size=2 * len(line("1")), max_files=9, wall=WallClock()
    )
    file.open()
    write_all(file, b"".join(line(str(number)) for number in range(5)))
    file.close()

    assert names(tmp_path) == ["0.log", "0.log.20250601-120000", "0.log.20250601-120000-1"]
    assert content(records(tmp_path / "0.log")) == b"0\n1\n2\n3\n4\n"


def test_the_oldest_files_go(tmp_path: Path) -> None:
    wall = WallClock()
    file = LogFile(str(tmp_path / "0.log"), max_size=len(line("1")), max_files=3, wall=wall)
    file.open()
    for number in range(15):
        write_all(file, line(format(number, "x")))
    file.close()

    assert names(tmp_path) == ["0.log", "0.log.20250601-120000-12", "0.log.20250601-120000-13"]
    assert content(records(tmp_path / "0.log")) == b"c\nd\ne\n"


@pytest.mark.parametrize("max_files", [1, 2])
def test_few_files_are_kept_exactly(tmp_path: Path, max_files: int) -> None:
    file = LogFile(str(tmp_path / "0.log"), max_size=len(line("1")), max_files=max_files)
    file.open()
    for number in range(5):
        write_all(file, line(str(number)))
    file.close()

    assert len(names(tmp_path)) == max_files
    assert (tmp_path / "0.log").read_bytes() == line("4")


def test_a_clock_set_back_does_not_change_the_order(tmp_path: Path) -> None:
    wall = WallClock()
    file = LogFile(str(tmp_path / "0.log"), max_size=len(line("1")), max_files=9, wall=wall)
    file.open()
    for number, ns in enumerate([NOON, NOON, NOON - 3600 * SECOND, NOON + SECOND]):
        wall.ns = ns
        write_all(file, line(str(number)))
    file.close()

    assert content(records(tmp_path / "0.log")) == b"0\n1\n2\n3\n"


def test_a_record_larger_than_a_file_has_one_for_itself(tmp_path: Path) -> None:
    file = LogFile(str(tmp_path / "0.log"), max_size=60, max_files=9)
    file.open()
    write_all(file, line("a") + line("b" * 500) + line("c"))
    file.close()

    sizes = [path.stat().st_size for path in map(Path, log_files.rotated_files(file.path))]
    assert sizes == [len(line("a")), len(line("b" * 500))]
    assert (tmp_path / "0.log").read_bytes() == line("c")


def test_an_existing_file_counts_for_its_size(tmp_path: Path) -> None:
    (tmp_path / "0.log").write_bytes(line("old"))
    file = LogFile(str(tmp_path / "0.log"), max_size=len(line("old")) + 5, max_files=9)
    file.open()
    write_all(file, line("new"))
    file.close()

    assert (tmp_path / "0.log").read_bytes() == line("new")
    assert content(records(tmp_path / "0.log")) == b"old\nnew\n"


def test_files_and_directories_are_made_for_their_reader(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        file = LogFile(str(tmp_path / "ns_pod_uid" / "web" / "0.log"), max_size=10, max_files=2)
        file.open()
        file.close()
    finally:
        os.umask(umask)

    assert (tmp_path / "ns_pod_uid").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "ns_pod_uid" / "web" / "0.log").stat().st_mode & 0o777 == 0o640


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "0.log").symlink_to("target")
    before = open_fds()

    with pytest.raises(OSError, match="symbolic links"):
        LogFile(str(tmp_path / "0.log"), max_size=10, max_files=2).open()
    assert open_fds() == before


def test_a_rotation_that_fails_lets_the_file_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = LogFile(str(tmp_path / "0.log"), max_size=len(line("1")), max_files=3)
    file.open()

    def refuse(source: str, target: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refuse)
        write_all(file, line("0") + line("1"))
    problem = file.rotation_problem
    assert isinstance(problem, PermissionError)
    assert names(tmp_path) == ["0.log"]

    write_all(file, line("2") + line("3"))
    file.close()
    assert file.rotation_problem is None
    assert content(records(tmp_path / "0.log")) == b"0\n1\n2\n3\n"


def test_strangers_in_the_directory_are_not_taken_for_rotated_files(tmp_path: Path) -> None:
    for name in (
        "0.log", "0.log.bak", "0.log.20250601-120000.gz", "0.log.2025-1", "10.log.20250601-120000",
        "0.log.20250601-120000", "0.log.20250601-120000-2", "0.log.20250601-120000-10",
        "0.log.20250601-115959-3",
    ):  # fmt: skip
        (tmp_path / name).write_text("")

    assert [Path(name).name for name in log_files.rotated_files(str(tmp_path / "0.log"))] == [
        "0.log.20250601-115959-3",
        "0.log.20250601-120000",
        "0.log.20250601-120000-2",
        "0.log.20250601-120000-10",
    ]


def test_the_latest_attempt_is_told_from_the_names(tmp_path: Path) -> None:
    assert log_files.latest_attempt(tmp_path / "missing") is None
    assert log_files.latest_attempt(tmp_path) is None
    for name in ("2.log", "10.log", "11.log.20250601-120000", "12.txt", "x.log"):
        (tmp_path / name).write_text("")

    assert log_files.latest_attempt(tmp_path) == 11


def test_old_attempts_are_removed_with_their_rotated_files(tmp_path: Path) -> None:
    for name in ("0.log", "1.log", "1.log.20250601-120000", "2.log", "note.txt"):
        (tmp_path / name).write_text("")

    log_files.remove_logs(tmp_path, before=2)
    assert names(tmp_path) == ["2.log", "note.txt"]
    log_files.remove_logs(tmp_path)
    log_files.remove_logs(tmp_path)
    log_files.remove_logs(tmp_path, before=5)
    assert not tmp_path.exists()


def test_the_directory_of_a_container_has_the_kubelet_s_name() -> None:
    assert (
        log_files.log_directory(
            "/var/log/pods", namespace="default", pod="web", uid="1-2", container="nginx"
        )
        == "/var/log/pods/default_web_1-2/nginx"
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    chunks=st.lists(st.lists(st.integers(0, 120), min_size=1, max_size=6), max_size=12),
    max_size=st.integers(1, 600),
)
def test_rotation_never_loses_splits_or_overfills(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[list[int]], max_size: int
) -> None:
    path = tmp_path_factory.mktemp("logs") / "0.log"
    file = LogFile(str(path), max_size=max_size, max_files=1000)
    file.open()
    for chunk in chunks:
        write_all(file, b"".join(line("x" * length) for length in chunk))
    file.close()

    assert [len(record.text) for record in records(path)] == [n for c in chunks for n in c]
    for name in [*log_files.rotated_files(str(path)), str(path)]:
        data = Path(name).read_bytes()
        assert len(data) <= max_size or data.count(b"\n") == 1


def test_what_stands_beyond_the_mark_is_cut_off_once(tmp_path: Path) -> None:
    path = str(tmp_path / "0.log")
    first = LogFile(path, max_size=10**6, max_files=5)
    first.open()
    write_all(first, line("known"))
    mark = log_files.Mark(*first.identity, first.good_size)
    first.write(line("unknown") + line("torn")[:-2], 0)
    assert first.good_size == mark.size + len(line("unknown"))
    first.close()

    second = LogFile(path, max_size=10**6, max_files=5, mark=mark)
    for text in ("new", "newer"):
        second.open()
        write_all(second, line(text))
        second.close()

    assert Path(path).read_bytes() == line("known") + line("new") + line("newer")


def test_the_mark_of_another_file_cuts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.write_bytes(line("somebody's"))
    file = LogFile(str(path), max_size=10**6, max_files=5, mark=log_files.Mark(0, 0, 0))
    file.open()
    file.close()

    assert path.read_bytes() == line("somebody's")


def test_each_new_file_is_announced_while_it_is_empty(tmp_path: Path) -> None:
    file = LogFile(str(tmp_path / "0.log"), max_size=2 * len(line("1")), max_files=9)
    sizes: list[int] = []
    file.on_open = lambda: sizes.append(file.good_size)
    file.open()
    for number in range(5):
        write_all(file, line(str(number)))
    file.close()

    assert sizes == [0, 0, 0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("may not mount here")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.asyncio
async def test_a_full_disk_costs_a_counted_gap_and_heals_by_itself(small_disk: Path) -> None:
    problems = Problems()
    total = 4 * 1024 * 1024
    async with pumping(problems) as pump:
        capture = pump.open(small_disk / "logs", 0, max_size=10 * total, max_files=5)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, flood, capture.stdout_fd, total)  # it is not held up
        while not problems:
            await asyncio.sleep(0.001)
        os.write(capture.stdout_fd, b"last words\n")
        subprocess.run(
            ["mount", "-o", "remount,size=64m", str(small_disk)], check=True, capture_output=True
        )
        while b"lost here" not in Path(capture.path).read_bytes():
            await asyncio.sleep(0.01)
        os.write(capture.stdout_fd, b"first words\n")
        capture.started()
        await capture.drained()
        await loop.shutdown_default_executor()

    found = records(capture.path)
    assert [(path, exc.errno) for path, exc in problems] == [(capture.path, errno.ENOSPC)]
    assert found[-1].text == b"first words"
    assert b"lost here: No space left on device" in found[-2].text
    lost = int(found[-2].text.split()[1])
    kept = [record.text for record in found[:-2]]
    assert kept == [b"%015d" % number for number in range(len(kept))]
    assert len(kept) + lost == total // 16 + 1


@pytest.mark.asyncio
async def test_a_read_only_disk_is_reported_and_written_to_when_it_can_be(
    small_disk: Path,
) -> None:
    problems = Problems()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    async with pumping(problems) as pump:
        capture = pump.open(small_disk / "logs", 0, max_size=1000, max_files=5)
        os.write(capture.stdout_fd, b"patience\n")
        capture.started()
        while not problems:
            await asyncio.sleep(0.001)
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        await capture.drained()

    assert [exc.errno for _, exc in problems] == [errno.EROFS]
    assert content(records(capture.path)) == b"patience\n"


def flood(fd: int, total: int) -> None:
    """Write numbered lines of 16 bytes."""
    for start in range(0, total // 16, 256):
        os.write(fd, b"".join(b"%015d\n" % number for number in range(start, start + 256)))
