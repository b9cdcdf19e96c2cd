"""One owner for a directory, for as long as it lives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.host.directory_lock import DirectoryLock, LockedError, lockers

pytestmark = pytest.mark.integration

_TAKE = """
import sys
from agent.host.directory_lock import DirectoryLock
lock = DirectoryLock(sys.argv[1])
lock.take()
print(flush=True)
sys.stdin.read()
"""


def test_only_one_process_has_it_and_death_gives_it_up(tmp_path: Path) -> None:
    lock = DirectoryLock(str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", _TAKE, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(LockedError) as refused:
            lock.take()
        assert refused.value.pid == other.pid
        other.kill()

    lock.take()

    assert (tmp_path / "agent.lock").read_text() == f"{os.getpid()}\n"
    lock.release()


def test_taking_it_twice_is_taking_it_once(tmp_path: Path) -> None:
    lock = DirectoryLock(str(tmp_path))
    lock.take()
    descriptor = lock.fd
    lock.take()

    assert lock.fd == descriptor
    lock.release()
    lock.release()
    assert list(tmp_path.iterdir()) == []


def test_a_new_directory_of_the_same_name_is_taken_anew(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    lock = DirectoryLock(str(folder))
    lock.take()
    folder.rename(tmp_path / "old")

    lock.take()

    assert (folder / "agent.lock").exists()
    with pytest.raises(LockedError):
        DirectoryLock(str(folder)).take()
    lock.release()


def test_a_removed_pid_file_does_not_open_the_lock(tmp_path: Path) -> None:
    lock = DirectoryLock(str(tmp_path))
    lock.take()
    (tmp_path / "agent.lock").unlink()

    with pytest.raises(LockedError) as refused:
        DirectoryLock(str(tmp_path)).take()

    assert refused.value.pid == 0
    lock.release()


def test_a_child_does_not_inherit_it(tmp_path: Path) -> None:
    lock = DirectoryLock(str(tmp_path))
    lock.take()

    with subprocess.Popen(["sleep", "1000"], close_fds=False) as child:
        lock.release()
        DirectoryLock(str(tmp_path)).take()
        child.kill()


def test_nobody_locks_what_is_not_there(tmp_path: Path) -> None:
    assert lockers(str(tmp_path / "ghost")) == []
