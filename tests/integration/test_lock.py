"""One agent per state directory."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.host import lock

pytestmark = pytest.mark.integration

_HOLD = """
import sys, os
sys.path.insert(0, sys.argv[2])
from agent.host import lock
with lock.hold(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_told_who_the_first_is(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path), str(Path(__file__).parents[2])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert first.stdin is not None
    assert first.stdout is not None
    try:
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(lock.Held) as caught, lock.hold(str(tmp_path)):
            pytest.fail("held twice")
        assert caught.value.pid == first.pid
        assert str(first.pid) in str(caught.value)
    finally:
        first.kill()
        first.wait()
        first.stdin.close()
        first.stdout.close()

    with lock.hold(str(tmp_path)):
        assert (tmp_path / lock.NAME).read_text() == f"{os.getpid()}\n"


def test_the_directory_is_made_and_nobody_else_may_list_it(tmp_path: Path) -> None:
    with lock.hold(str(tmp_path / "a" / "b")):
        mode = stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode)

    assert mode == 0o711
    assert stat.S_IMODE((tmp_path / "a" / "b" / lock.NAME).stat().st_mode) == 0o600


def test_a_link_in_the_place_of_the_pid_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / lock.NAME).symlink_to(tmp_path / "elsewhere")

    with lock.hold(str(tmp_path)):
        assert (tmp_path / lock.NAME).read_text() == f"{os.getpid()}\n"
    assert not (tmp_path / "elsewhere").exists()


def test_a_link_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with pytest.raises(OSError, match="link"), lock.hold(str(tmp_path / "link")):
        pytest.fail("followed a link")


def test_a_place_for_the_pid_that_cannot_be_written_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / lock.NAME).mkdir()

    with lock.hold(str(tmp_path)):
        with pytest.raises(lock.Held) as caught, lock.hold(str(tmp_path)):
            pytest.fail("held twice")
    assert caught.value.pid == 0
