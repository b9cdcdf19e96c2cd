"""Files that are whole, private, and where we think they are."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agent.host.files import (
    open_below,
    open_directory,
    private_directory,
    public_file,
    remove_if_empty,
    take_tail,
    write_atomically,
)


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_at_once_with_its_mode(tmp_path: Path, durable: bool) -> None:
    target = tmp_path / "f"
    target.write_bytes(b"old")
    held = target.open("rb")

    write_atomically(str(target), b"new", mode=0o640, durable=durable)

    assert held.read() == b"old"
    held.close()
    assert target.read_bytes() == b"new"
    assert mode(target) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_write_that_fails_leaves_the_old_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()

    with pytest.raises(OSError, match="f"):
        write_atomically(str(tmp_path / "f"), b"new")

    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    with pytest.raises(FileNotFoundError):
        write_atomically(str(tmp_path / "no" / "f"), b"new")


def test_a_link_in_the_files_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"real")
    (tmp_path / "f").symlink_to("real")

    write_atomically(str(tmp_path / "f"), b"new")

    assert (tmp_path / "real").read_bytes() == b"real"
    assert not (tmp_path / "f").is_symlink()


def test_a_private_directory_is_made_and_made_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"

    private_directory(str(folder))
    assert mode(folder) == 0o700
    folder.chmod(0o777)
    private_directory(str(folder), mode=0o750)
    assert mode(folder) == 0o750


def test_a_link_or_a_file_is_no_private_directory(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").write_text("")

    for name in ("link", "file"):
        with pytest.raises(OSError, match=name):
            private_directory(str(tmp_path / name))


def test_a_file_is_opened_right_in_its_directory(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    (tmp_path / "link").symlink_to("f")
    folder = open_directory(str(tmp_path))
    try:
        fd = open_below(folder, "f", os.O_RDONLY)
        assert os.read(fd, 9) == b"x"
        os.close(fd)
        with pytest.raises(OSError, match="link"):
            open_below(folder, "link", os.O_RDONLY)
        for name in ("../f", "a/b", "", ".", ".."):
            with pytest.raises(ValueError, match="not a plain file name"):
                open_below(folder, name, os.O_RDONLY)
    finally:
        os.close(folder)


def test_anybody_may_write_a_public_file_and_nobody_list_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "pods" / "uid" / "c.0"
    path.parent.mkdir(parents=True, mode=0o777)

    public_file(str(path), check_folder=True)

    assert mode(path) == 0o666
    assert mode(path.parent) == 0o711


def test_the_folder_of_a_public_file_is_made_again_when_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "pods" / "uid" / "c.1"

    public_file(str(path), check_folder=False)

    assert path.read_bytes() == b""
    assert mode(path.parent) == 0o711


def test_a_public_file_is_not_made_where_a_link_lies(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")

    with pytest.raises(OSError, match="link"):
        public_file(str(tmp_path / "link"), check_folder=False)


def test_what_somebody_wrote_is_taken_and_gone(tmp_path: Path) -> None:
    path = tmp_path / "pods" / "uid" / "web.0"
    public_file(str(path), check_folder=True)
    path.write_bytes(b"long ago, last words")

    taken = take_tail(str(path), 10)

    assert taken == b"last words"
    assert not path.exists()


def test_only_an_empty_directory_is_removed(tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    empty.mkdir()
    public_file(str(full / "a.0"), check_folder=True)

    for folder in (empty, full, tmp_path / "none"):
        remove_if_empty(str(folder))

    assert not empty.exists()
    assert full.exists()
