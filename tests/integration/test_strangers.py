"""Strangers are found wherever they are, even those that no pid names for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from agent.host import descendants, marks
from agent.host.clock import SystemClock
from agent.host.strangers import Strangers
from tests.support.children import runs

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_CLEAN_LOOKS = 20

#: Bears a mark; its only living process forks and exits, for a bounded time, or sleeps.
MARKED = """
import os, resource, sys, time
resource.setrlimit(resource.RLIMIT_RTTIME, (int(sys.argv[1]), -1))
if os.fork(): os._exit(0)
end = time.monotonic() + 20
while sys.argv[2] == "hop" and time.monotonic() < end:
    if os.fork(): os._exit(0)
time.sleep(1000)
"""


@contextmanager
def marked(mark: int, what: str) -> Iterator[None]:
    """An orphan with a mark, which init has adopted; gone in the end."""
    subprocess.run([sys.executable, "-I", "-S", "-c", MARKED, str(mark), what], check=True)
    try:
        yield
    finally:
        clean = 0
        while clean < _CLEAN_LOOKS:
            clean += 1
            for pid, _ in marks.bearers(mark.__eq__):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                clean = 0 if runs(pid) else clean


def bearers(*wanted: int) -> list[int]:
    """The living processes with one of these marks."""
    return [pid for pid, _ in marks.bearers(wanted.__contains__) if runs(pid)]


async def test_one_that_forks_and_exits_for_ever_is_seen_and_ended() -> None:
    mark = marks.run_mark(marks.new_agent_mark(), 5)
    with marked(mark, "hop"):
        strangers = Strangers(mark, "", runs={}, pids=())
        assert all(any(strangers.look()) for _ in range(50))

        ended = await strangers.end(SystemClock())

        assert {stranger.mark for stranger in ended} == {mark}
        assert not bearers(mark)


async def test_looks_that_miss_it_are_not_the_last_while_anything_is_born(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mark = marks.run_mark(marks.new_agent_mark(), 5)
    missed = iter(range(5))

    def some_miss(wanted: Callable[[int], bool]) -> Iterator[tuple[int, int]]:
        newest = descendants.newest_pid()
        if next(missed, None) is None:
            return seen(wanted)
        while descendants.newest_pid() == newest:
            pass
        return iter(())

    seen = marks.bearers
    with marked(mark, "hop"):
        monkeypatch.setattr(marks, "bearers", some_miss)

        assert await Strangers(mark, "", runs={}, pids=()).end(SystemClock())

        monkeypatch.undo()
        assert not bearers(mark)


async def test_the_agents_own_processes_and_living_runs_are_spared() -> None:
    agent_mark = marks.new_agent_mark()
    kept, own, strange = (marks.run_mark(agent_mark, run) for run in range(3))
    with marked(kept, "sleep"), marked(own, "sleep"), marked(strange, "sleep"):
        (pid,) = bearers(own)
        strangers = Strangers(agent_mark, "", runs={kept: ""}, pids=(pid,))

        (ended,) = await strangers.end(SystemClock())

        assert (ended.mark, runs(ended.pid)) == (strange, False)
        assert len(bearers(kept, own)) == 2


async def test_other_agents_are_left_alone() -> None:
    ours, theirs = marks.new_agent_mark(), marks.new_agent_mark()
    with marked(theirs, "sleep"):
        assert await Strangers(ours, "", runs={}, pids=()).end(SystemClock()) == ()

        assert bearers(theirs)
