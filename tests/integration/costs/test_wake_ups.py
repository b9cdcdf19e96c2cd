"""How often does an agent wake up that has nothing to do?"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support import service
from tests.support.barepod import container, pod
from tests.support.strace import calls_during

pytestmark = pytest.mark.integration

_PODS = 20
_SECONDS = 3
_WINDOWS = 3
#: The heartbeat, which tells the watchdog and /livez that the loop lives; one for the edges.
_BOUND = _SECONDS + 1


def test_an_idle_agent_wakes_up_once_a_second_and_its_helper_never(
    tmp_path: Path,
) -> None:
    service.make_directory(tmp_path)
    with service.agent(tmp_path) as agent:
        for number in range(_PODS):
            sleeper = container("sleep", "infinity")
            agent.write(f"p{number}.json", pod(sleeper, name=f"p{number}"))
        agent.until(lambda: len(agent.running("infinity")) == _PODS)
        agent.until_told("pod is ready", times=_PODS)

        beside = tmp_path.parent / "beside"
        seen = [_calls(agent.run.pid, beside)]
        while _turns(seen[-1]) > _BOUND and len(seen) < _WINDOWS:
            seen.append(_calls(agent.run.pid, beside))  # a boot leaves a thing or two to do
        helpers = _calls(agent.run.helper_pid(), beside)

    assert _turns(seen[-1]) <= _BOUND, seen
    assert not helpers


def _calls(pid: int, beside: Path) -> Counter[str]:
    """What a process calls in some seconds: that nothing happens is no fact to wait for.

    Meanwhile a file `beside` its directory comes and goes, which is nothing to it.
    """
    return calls_during(pid, lambda: _busy(beside))


def _busy(beside: Path) -> None:
    ends = time.monotonic() + _SECONDS
    while time.monotonic() < ends:
        beside.write_text("x")
        beside.unlink()
        time.sleep(0.1)


def _turns(calls: Counter[str]) -> int:
    return calls["epoll_wait"]
