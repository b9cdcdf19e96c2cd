"""Mount points are made, shared, and removed by the last who used them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.host.mount_points import MountPoints
from tests.support.barepod import ROOT

pytestmark = pytest.mark.integration


def points(folder: Path) -> MountPoints:
    """Of one pod; pods of other agents are the same to us."""
    return MountPoints(str(folder / "registry"))


def test_missing_directories_are_made_and_removed_again(tmp_path: Path) -> None:
    pod, path = points(tmp_path), tmp_path / "a" / "b" / "c"

    pod.use(str(path), is_directory=True)
    assert path.is_dir()

    pod.release()
    assert not (tmp_path / "a").exists()
    assert list((tmp_path / "registry").iterdir()) == []


def test_a_missing_file_is_made_and_removed_again(tmp_path: Path) -> None:
    pod, path = points(tmp_path), tmp_path / "etc" / "app.conf"

    pod.use(str(path), is_directory=False)
    assert path.read_bytes() == b""

    pod.release()
    assert not path.parent.exists()


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    pod, path = points(tmp_path), tmp_path / "there"
    path.mkdir()

    pod.use(str(path), is_directory=True)
    pod.use(str(path / "below"), is_directory=True)
    pod.release()

    assert list(path.iterdir()) == []
    assert path.is_dir()


def test_a_mount_point_stays_as_long_as_another_pod_uses_it(tmp_path: Path) -> None:
    first, second, path = points(tmp_path), points(tmp_path), tmp_path / "work"
    first.use(str(path), is_directory=True)
    second.use(str(path), is_directory=True)

    first.release()
    assert path.is_dir()

    second.release()
    assert not path.exists()


def test_the_next_agent_keeps_what_its_pods_stand_on(tmp_path: Path) -> None:
    path, other, never = tmp_path / "work", tmp_path / "other", tmp_path / "never"
    other.mkdir()
    program = "import sys; from agent.host.mount_points import MountPoints as M; "
    program += "M(sys.argv[1]).use(sys.argv[2], is_directory=True)"
    dead = [sys.executable, "-c", program, str(tmp_path / "registry"), str(path)]
    subprocess.run(dead, cwd=ROOT, check=True)

    adopted, later = points(tmp_path), points(tmp_path)
    adopted.keep([str(path), str(other), str(never)])
    later.use(str(path), is_directory=True)
    later.release()
    assert path.is_dir()

    adopted.release()
    assert not path.exists()
    assert other.is_dir()
    assert not never.exists()


def test_nothing_is_kept_where_nothing_was_made(tmp_path: Path) -> None:
    points(tmp_path).keep([str(tmp_path)])

    assert list(tmp_path.iterdir()) == []


def test_a_parent_that_another_pod_uses_stays(tmp_path: Path) -> None:
    first, second = points(tmp_path), points(tmp_path)
    first.use(str(tmp_path / "work" / "inner"), is_directory=True)
    second.use(str(tmp_path / "work"), is_directory=True)

    first.release()
    assert list((tmp_path / "work").iterdir()) == []

    second.release()
    assert not (tmp_path / "work").exists()


def test_what_somebody_put_there_meanwhile_stays(tmp_path: Path) -> None:
    pod, folder, file = points(tmp_path), tmp_path / "folder", tmp_path / "file"
    pod.use(str(folder), is_directory=True)
    pod.use(str(file), is_directory=False)

    (folder / "precious").touch()
    file.write_text("precious")
    pod.release()

    assert (folder / "precious").exists()
    assert file.read_text() == "precious"


def test_what_somebody_else_made_anew_is_not_ours(tmp_path: Path) -> None:
    pod, path = points(tmp_path), tmp_path / "work"
    pod.use(str(path), is_directory=True)
    path.rename(tmp_path / "elsewhere")
    path.mkdir()

    pod.release()

    assert path.is_dir()


def test_what_a_dead_agent_left_is_removed_by_the_next_user(tmp_path: Path) -> None:
    dead, path = points(tmp_path), tmp_path / "work"
    dead.use(str(path), is_directory=True)
    for fd in dead._used.values():  # its descriptors went with it
        os.close(fd)
    dead._used.clear()

    pod = points(tmp_path)
    pod.use(str(path), is_directory=True)
    pod.release()

    assert not path.exists()


def test_a_mount_point_that_vanished_is_made_again(tmp_path: Path) -> None:
    pod, path = points(tmp_path), tmp_path / "work"
    pod.use(str(path), is_directory=True)
    path.rmdir()

    pod.use(str(path), is_directory=True)

    assert path.is_dir()
    pod.release()
    assert not path.exists()


def test_a_file_in_the_way_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(NotADirectoryError) as caught:
        points(tmp_path).use(str(tmp_path / "file" / "below"), is_directory=True)

    assert str(tmp_path / "file") in str(caught.value)
