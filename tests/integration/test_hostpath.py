"""hostPath volumes are what their type says, or the kubelet's text says that they are not."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from agent.host import hostpath

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("kind", ["", "Directory", "DirectoryOrCreate"])
def test_a_directory_that_is_there_is_fine(tmp_path: Path, kind: str) -> None:
    hostpath.prepare(str(tmp_path), kind)


@pytest.mark.parametrize("kind", ["", "DirectoryOrCreate"])
def test_a_missing_directory_is_made_with_its_parents(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a" / "b"

    hostpath.prepare(str(path), kind)

    assert path.is_dir()


def test_a_missing_file_is_made_where_the_type_says_so(tmp_path: Path) -> None:
    path = tmp_path / "file"

    hostpath.prepare(str(path), "FileOrCreate")
    path.write_text("kept")
    hostpath.prepare(str(path), "FileOrCreate")

    assert path.read_text() == "kept"


def test_a_missing_file_is_not_made_without_its_directory(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        hostpath.prepare(str(tmp_path / "no" / "file"), "FileOrCreate")


def test_sockets_and_devices_are_known(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))

        hostpath.prepare(str(path), "Socket")
        hostpath.prepare("/dev/null", "CharDevice")


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("Directory", "directory"),
        ("DirectoryOrCreate", "directory"),
        ("Socket", "socket file"),
        ("CharDevice", "character device"),
        ("BlockDevice", "block device"),
    ],
)
def test_a_file_is_nothing_else(tmp_path: Path, kind: str, word: str) -> None:
    path = tmp_path / "file"
    path.touch()

    with pytest.raises(hostpath.HostPathError) as caught:
        hostpath.prepare(str(path), kind)

    assert str(caught.value) == f"hostPath type check failed: {path} is not a {word}"


@pytest.mark.parametrize("kind", ["File", "FileOrCreate"])
def test_a_directory_is_no_file(tmp_path: Path, kind: str) -> None:
    with pytest.raises(hostpath.HostPathError, match=r"is not a file$"):
        hostpath.prepare(str(tmp_path), kind)


@pytest.mark.parametrize("kind", ["Directory", "File", "Socket"])
def test_what_is_missing_is_nothing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "missing"

    with pytest.raises(hostpath.HostPathError, match="type check failed"):
        hostpath.prepare(str(path), kind)

    assert not os.path.lexists(path)
