"""The directories behind volumes: whole content, ownership, and an end without leftovers."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.host.beneath import make_beneath, open_beneath
from agent.host.volume_dirs import VolumeDirs, give_to_group, remove_leftovers, replace_files

pytestmark = pytest.mark.integration
Files = dict[str, tuple[bytes, int]]


def nothing() -> None:
    """Nothing is to be done before files are shown."""


def content(path: Path) -> dict[str, str]:
    """The files as a container sees them: MODE:CONTENT by path, without the layout behind."""
    found = {}
    for name in path.iterdir():
        if name.name.startswith(".."):
            continue
        for file in [name] if name.is_file() else name.rglob("*"):
            if file.is_file():
                mode = stat.S_IMODE(file.stat().st_mode)
                found[str(file.relative_to(path))] = f"{mode:o}:{file.read_text()}"
    return found


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def test_files_are_there_with_their_modes_whatever_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        replace_files(str(tmp_path), {"a": (b"1", 0o644), "d/e/f": (b"2", 0o400)}, nothing)
    finally:
        os.umask(old)

    assert content(tmp_path) == {"a": "644:1", "d/e/f": "400:2"}
    assert (tmp_path / "a").readlink() == Path("..data/a")
    assert stat.S_IMODE((tmp_path / "d" / "e").stat().st_mode) == 0o755


def test_new_files_replace_all_the_old_ones(tmp_path: Path) -> None:
    replace_files(str(tmp_path), {"a": (b"1", 0o644), "b/c": (b"1", 0o644)}, nothing)
    (tmp_path / "mountpoint").mkdir()
    replace_files(str(tmp_path), {"a": (b"2", 0o600), "z": (b"2", 0o644)}, nothing)

    assert content(tmp_path) == {"a": "600:2", "z": "644:2"}
    hidden = [name for name in names(tmp_path) if name.startswith("..")]
    assert len(hidden) == 2
    assert (tmp_path / "mountpoint").is_dir()


def test_a_volume_without_files_is_empty(tmp_path: Path) -> None:
    replace_files(str(tmp_path), {}, nothing)

    assert content(tmp_path) == {}


def test_when_writing_fails_the_old_files_stay(tmp_path: Path) -> None:
    replace_files(str(tmp_path), {"a": (b"1", 0o644)}, nothing)
    before = names(tmp_path)
    impossible: Files = {"a": (b"2", 0o644), "a/b": (b"2", 0o644)}

    with pytest.raises(FileExistsError):
        replace_files(str(tmp_path), impossible, nothing)

    assert content(tmp_path) == {"a": "644:1"}
    assert names(tmp_path) == before


def test_files_get_their_group_before_anybody_sees_them(tmp_path: Path) -> None:
    seen: list[bool] = []

    replace_files(
        str(tmp_path),
        {"a": (b"1", 0o644)},
        lambda: seen.append(os.path.lexists(tmp_path / "a")),
    )

    assert seen == [False]


def test_a_group_is_given_everything_but_links(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    (tmp_path / "folder" / "file").touch(mode=0o600)
    (tmp_path / "link").symlink_to("/etc/passwd")
    before = Path("/etc/passwd").stat().st_mode

    give_to_group(str(tmp_path), os.getgid(), lambda mode, is_dir: mode | (0o2070 if is_dir else 6))

    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o2770
    assert stat.S_IMODE((tmp_path / "folder" / "file").stat().st_mode) == 0o606
    assert Path("/etc/passwd").stat().st_mode == before


def test_everything_goes_with_the_pod(tmp_path: Path) -> None:
    dirs = VolumeDirs(str(tmp_path), "uid")
    path = Path(dirs.make("v"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o777
    assert dirs.make("v") == str(path)
    (path / "folder").mkdir()
    (path / "folder" / "file").touch()
    (path / "link").symlink_to("/etc")

    dirs.remove()

    assert names(tmp_path / "pods") == []
    assert Path("/etc").is_dir()


def test_other_files_of_the_pod_stay(tmp_path: Path) -> None:
    dirs = VolumeDirs(str(tmp_path), "uid")
    dirs.make("v")
    (tmp_path / "pods" / "uid" / "c.0").touch()

    dirs.remove()

    assert names(tmp_path / "pods" / "uid") == ["c.0"]


def test_only_what_dead_agents_left_is_a_leftover(tmp_path: Path) -> None:
    living, dead = VolumeDirs(str(tmp_path), "living"), VolumeDirs(str(tmp_path), "dead")
    living.make("v")
    dead.make("v")
    assert dead._lock is not None
    os.close(dead._lock)  # as its end would

    remove_leftovers(str(tmp_path))

    assert names(tmp_path / "pods") == ["living"]
    living.remove()


def test_without_a_directory_there_are_no_leftovers(tmp_path: Path) -> None:
    remove_leftovers(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    "leave",
    [
        lambda folder: (folder / "x").symlink_to("/etc"),
        lambda folder: (folder / "x").symlink_to("../outside"),
    ],
)
def test_no_link_leads_out_of_a_volume(tmp_path: Path, leave: Callable[[Path], None]) -> None:
    (tmp_path / "outside").mkdir()
    inside = tmp_path / "inside"
    inside.mkdir()
    leave(inside)
    root = os.open(inside, os.O_PATH)
    try:
        with pytest.raises(OSError, match="cross-device"):
            open_beneath(root, "x")
        with pytest.raises(OSError, match="cross-device"):
            make_beneath(root, "x/y", mode=0o755, is_directory=True)
    finally:
        os.close(root)

    assert list((tmp_path / "outside").iterdir()) == []


def test_links_inside_a_volume_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    root = os.open(tmp_path, os.O_PATH)
    try:
        make_beneath(root, "link/a/b", mode=0o2770, is_directory=True)
        make_beneath(root, "link/a/file", mode=0o755, is_directory=False)
    finally:
        os.close(root)

    assert stat.S_IMODE((tmp_path / "real" / "a" / "b").stat().st_mode) == 0o2770
    assert (tmp_path / "real" / "a" / "file").read_bytes() == b""
