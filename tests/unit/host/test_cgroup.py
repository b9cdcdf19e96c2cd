"""Where the agent's own cgroup v2 directory is."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.host.cgroup import find_base, lasting_place
from agent.host.cgroup_files import value

OWN = "9:memory:/x\n0::/system.slice/a.service\n"


def mountinfo(point: Path, root: str = "/") -> str:
    """As /proc/self/mountinfo shows a hybrid host."""
    escaped = str(point).replace(" ", "\\040")
    return (
        "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw shared:5 - cgroup cgroup rw,memory\n"
        f"38 31 0:35 {root} {escaped} rw shared:9 master:1 - cgroup2 cgroup2 rw\n"
    )


def make(folder: Path) -> Path:
    """A directory that looks like a cgroup."""
    folder.mkdir(parents=True)
    (folder / "cgroup.procs").write_text("")
    return folder


@pytest.mark.parametrize("name", ["unified", "with space"])
def test_it_is_found_below_the_mount_point(tmp_path: Path, name: str) -> None:
    base = make(tmp_path / name / "system.slice" / "a.service")

    assert find_base(mountinfo(tmp_path / name), OWN) == str(base)


def test_the_root_cgroup_is_the_mount_point_itself(tmp_path: Path) -> None:
    base = make(tmp_path / "unified")

    assert find_base(mountinfo(base), "0::/\n") == str(base)


def test_a_mount_of_a_part_of_the_tree_is_understood(tmp_path: Path) -> None:
    base = make(tmp_path / "part" / "a.service")
    text = mountinfo(tmp_path / "part", root="/system.slice")

    assert find_base(text, OWN) == str(base)
    assert find_base(text, "0::/user.slice\n") is None


@pytest.mark.parametrize("own", ["", "9:memory:/x\n", OWN])
def test_there_is_none_without_an_entry_or_a_directory(tmp_path: Path, own: str) -> None:
    assert find_base(mountinfo(tmp_path), own) is None
    assert find_base("", own) is None


def test_a_flat_keyed_file_is_read() -> None:
    text = "low 0\noom_kill 3\noom_group_kill 1\n"

    assert (value(text, "oom_kill"), value(text, "oom"), value("", "x")) == (3, 0, 0)


def hierarchy(path: Path, *, populated: bool) -> str:
    """The cgroups that an earlier agent made."""
    make(path)
    (path / "cgroup.events").write_text(f"populated {populated:d}\nfrozen 0\n")
    return str(path)


def test_fences_that_are_alive_go_on_to_be_used_where_they_are(tmp_path: Path) -> None:
    recorded = hierarchy(tmp_path / "old" / "barepod-pods-1", populated=True)

    place = lasting_place(recorded, str(tmp_path / "new"), "barepod-pods-2")

    assert place == (str(tmp_path / "old"), "barepod-pods-1")


@pytest.mark.parametrize("recorded", ["dead", "gone", ""])
def test_otherwise_they_are_made_where_they_belong(tmp_path: Path, recorded: str) -> None:
    hierarchy(tmp_path / "old" / "dead", populated=False)
    old = str(tmp_path / "old" / recorded) if recorded else ""

    assert lasting_place(old, "/new", "barepod-pods-2") == ("/new", "barepod-pods-2")


def test_a_record_that_is_no_hierarchy_of_ours_removes_nothing(tmp_path: Path) -> None:
    innocent = tmp_path / "old" / "empty"
    innocent.mkdir(parents=True)

    lasting_place(str(innocent), "/new", "barepod-pods-2")

    assert innocent.is_dir()
