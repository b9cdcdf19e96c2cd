"""Which files are believed, and that reading never blocks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.host.trusted_file import FileRefused, check_directory, read

pytestmark = pytest.mark.integration

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_a_file_is_read_with_what_tells_its_next_content(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"one")
    first = read(str(file), limit=3, only_root=False)
    same = read(str(file), limit=3, only_root=False)
    file.write_bytes(b"two")
    second = read(str(file), limit=3, only_root=False)

    assert (first.data, second.data) == (b"one", b"two")
    assert first == same
    assert first.version != second.version


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x" * 2049)

    with pytest.raises(FileRefused, match="larger than 2 KiB"):
        read(str(file), limit=2048, only_root=False)


def test_a_file_without_a_size_is_refused_when_it_holds_too_much() -> None:
    with pytest.raises(FileRefused, match="larger than"):
        read("/proc/self/maps", limit=10, only_root=False)


@pytest.mark.parametrize(("kind", "word"), [("fifo", "FIFO"), ("dir", "directory")])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str, word: str) -> None:
    path = tmp_path / "f"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()

    with pytest.raises(FileRefused, match=word):
        read(str(path), limit=10, only_root=False)


def test_a_device_is_refused() -> None:
    with pytest.raises(FileRefused, match="device"):
        read("/dev/zero", limit=10, only_root=False)


@as_root
@pytest.mark.parametrize(
    ("mode", "uid", "gid", "why"),
    [
        (0o666, 0, 0, "written by others"),
        (0o664, 0, 1000, "written by others"),
        (0o644, 1000, 0, "belongs to user 1000"),
    ],
)
def test_root_refuses_what_others_could_have_written(
    tmp_path: Path, mode: int, uid: int, gid: int, why: str
) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x")
    os.chown(file, uid, gid)
    file.chmod(mode)

    with pytest.raises(FileRefused, match=why):
        read(str(file), limit=10, only_root=True)
    assert read(str(file), limit=10, only_root=False).data == b"x"


@as_root
@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664])
def test_root_believes_its_own_files(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"x")
    file.chmod(mode)

    assert read(str(file), limit=10, only_root=True).data == b"x"


@as_root
def test_root_refuses_a_directory_in_which_others_write(tmp_path: Path) -> None:
    check_directory(str(tmp_path), only_root=True)
    tmp_path.chmod(0o777)

    check_directory(str(tmp_path), only_root=False)
    with pytest.raises(FileRefused, match="written by others"):
        check_directory(str(tmp_path), only_root=True)


@as_root
def test_a_link_is_judged_by_where_it_leads(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"x")
    os.chown(target, 1000, 1000)
    (tmp_path / "link").symlink_to(target)

    with pytest.raises(FileRefused, match="belongs to user 1000"):
        read(str(tmp_path / "link"), limit=10, only_root=True)
