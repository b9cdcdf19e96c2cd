"""What processes use, as the kernel tells it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from agent.host.usage import Usage, usage

pytestmark = pytest.mark.integration

WORK = "import sys; x = bytearray(40_000_000); sum(range(3_000_000)); print(flush=True); input()"


@contextmanager
def worker(code: str) -> Iterator[int]:
    """A process that has done its work and waits; files are open as we say."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_it_agrees_with_psutil() -> None:
    with worker(WORK) as pid:
        seen, other = usage([pid]), psutil.Process(pid)

        assert seen.processes == 1
        assert seen.rss_bytes == pytest.approx(other.memory_info().rss, rel=0.05)
        assert seen.rss_bytes > 40_000_000
        times = other.cpu_times()
        assert seen.cpu_seconds == pytest.approx(times.user + times.system, abs=0.03)
        assert seen.open_files == other.num_fds()


def test_it_adds_up() -> None:
    with worker(WORK) as one, worker(WORK) as two:
        both, first = usage([one, two]), usage([one])

        assert both.processes == 2
        assert both.rss_bytes > first.rss_bytes + 40_000_000
        assert both.open_files == 2 * first.open_files


def test_children_that_were_waited_for_count() -> None:
    burn = "import os\npid = os.fork()\nif not pid:\n  sum(range(6_000_000)); os._exit(0)\n"
    with worker(burn + "os.waitpid(pid, 0); print(flush=True); input()") as pid:
        times = psutil.Process(pid).cpu_times()

        assert times.children_user > 0
        assert usage([pid]).cpu_seconds >= times.children_user


def test_open_files_are_counted() -> None:
    before = usage([os.getpid()]).open_files

    with tempfile.TemporaryFile():
        assert usage([os.getpid()]).open_files == before + 1


def test_those_that_are_gone_count_for_nothing() -> None:
    with worker("print(flush=True); input()") as pid:
        pass

    assert usage([pid]) == Usage()
    assert usage([]) == Usage()
