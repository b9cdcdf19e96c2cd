"""How often does an agent wake up that has nothing to do?"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
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


@pytest.fixture
def place() -> Iterator[Path]:
    """Not in /tmp: an agent watches all directories on the way to its manifests."""
    with tempfile.TemporaryDirectory(prefix="barepod-test-", dir="/var/tmp") as name:
        path = Path(name)
        path.chmod(0o777)
        service.make_directory(path)
        yield path


def test_an_idle_agent_wakes_up_once_a_second_and_its_helper_never(place: Path) -> None:
    with service.agent(place) as agent:
        for number in range(_PODS):
            sleeper = container("sleep", "infinity")
            agent.write(f"p{number}.json", pod(sleeper, name=f"p{number}"))
        agent.until(lambda: len(agent.running("infinity")) == _PODS)
        agent.until_told("pod is ready", times=_PODS)

        seen = [_calls(agent.run.pid)]
        while _turns(seen[-1]) > _BOUND and len(seen) < _WINDOWS:
            seen.append(_calls(agent.run.pid))  # a boot leaves a thing or two to do
        helpers = _calls(agent.run.helper_pid())

    assert _turns(seen[-1]) <= _BOUND, seen
    assert not helpers


def _calls(pid: int) -> Counter[str]:
    """What a process calls in some seconds: that nothing happens is no fact to wait for."""
    return calls_during(pid, lambda: time.sleep(_SECONDS))


def _turns(calls: Counter[str]) -> int:
    return calls["epoll_wait"]
