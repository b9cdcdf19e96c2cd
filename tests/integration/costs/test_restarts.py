"""What does a restart ask of the kernel: system calls of agent and helper, faults of the copy?

A good part of it lies between the end of a process and the execve of its successor. The bounds are
a little above what was needed when this was written, in the mode that needs most: output that
outlives the agent, a cgroup where there can be one.
"""

from __future__ import annotations

import os
import select
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.host import marks, requests, wire
from agent.host.launch import launch
from agent.host.process import Command
from agent.host.wire import Channel, Packet
from tests.support import service
from tests.support.barepod import container, pod
from tests.support.barepod_setup import Setup
from tests.support.service import Agent
from tests.support.strace import calls_during

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

_FEW, _MANY = 5, 25
#: 136 were, and 25 of the helper. Threads of one interpreter wait for each other by chance: those
#: calls are left out.
_CALLS, _CALLS_OF_HELPER = 145, 28
_BY_CHANCE = "futex"
#: 127 were, 49 of them in the program itself; without a plan made before its birth 243.
_FAULTS_OF_A_COPY, _FAULTS = 180, 60
#: Restarts follow each other without a pause.
_EAGER = Setup(crash_loop=(1e-6, 1e-6))


@pytest.fixture
def agent() -> Iterator[Agent]:
    """An agent with one pod that runs."""
    with tempfile.TemporaryDirectory(prefix="barepod-test-", dir="/var/tmp") as name:
        place = Path(name)
        place.chmod(0o777)
        service.make_directory(place)
        with service.agent(place, _EAGER) as agent:
            agent.write("p.json", pod(container("/bin/sleep", "infinity"), restartPolicy="Always"))
            agent.until_told("container runs")
            yield agent


def test_a_restart_makes_no_more_calls_than_it_needs(agent: Agent) -> None:
    each = _calls_of_restart(agent, agent.run.pid)

    assert sum(each.values()) <= _CALLS, each


def test_the_helper_makes_few_calls_for_a_start(agent: Agent) -> None:
    each = _calls_of_restart(agent, agent.run.helper_pid())

    assert sum(each.values()) <= _CALLS_OF_HELPER, each


def test_a_process_touches_few_pages_before_it_is_the_program() -> None:
    assert _faults(careful=True) <= _FAULTS_OF_A_COPY


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only a copy is possible")
def test_a_process_of_a_restart_touches_none_but_those_of_the_program() -> None:
    assert _faults(careful=False) <= _FAULTS


def _faults(*, careful: bool) -> int:
    """The least that there were in some starts of a small program."""
    faults = []
    helper = launch()
    channel = Channel(helper.sock)
    try:
        for number in range(_FEW):
            mark = marks.start_mark(marks.run_mark(marks.new_agent_mark(), 1), number)
            command = Command(argv=("/bin/true",), env={"PATH": "/bin"})
            spec = requests.fields(command, mark, die=True)
            channel.send(Packet((wire.SPAWN, number, spec, 0, None, careful)), wait=True)
            select.select([helper.sock], [], [])
            received = channel.receive()
            assert received is not None
            (kind, _, pid, reason), fds = received
            assert (kind, reason) == (wire.SPAWNED, None)
            wire.close_all(fds)
            faults.append(os.wait4(pid, 0)[2].ru_minflt)
    finally:
        channel.close()
        os.waitpid(helper.pid, 0)
    return min(faults)


def _calls_of_restart(agent: Agent, pid: int) -> dict[str, float]:
    """The calls of one process; those of strace's coming and going do not count."""
    few, many = (_calls_during(agent, pid, restarts) for restarts in (_FEW, _MANY))
    many.subtract(few)
    return {name: calls / (_MANY - _FEW) for name, calls in many.items() if name != _BY_CHANCE}


def _calls_during(agent: Agent, pid: int, restarts: int) -> Counter[str]:
    def kill_ever_again() -> None:
        seen = len(agent.log("container runs"))
        for number in range(1, restarts + 1):
            (main,) = agent.until(lambda: agent.running("infinity"))
            os.kill(main, signal.SIGKILL)
            agent.until_told("container runs", times=seen + number)

    return calls_during(pid, kill_ever_again)
