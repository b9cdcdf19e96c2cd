"""What does a start of a container cost in code of ours? Counted on virtual time.

The machine below is pretended here; tests/integration/costs counts what a restart asks of it. The
bounds are a little above what was needed when this was written.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType

import pytest

import agent
from tests.support.builders import container, pod
from tests.support.node import Behaviour, Node

pytestmark = pytest.mark.asyncio

_OURS = str(Path(agent.__file__).parent)
_RESTARTS = 50
#: Functions of ours that are entered for the restart of the one container of a pod.
_CALLS_OF_RESTART = 540
#: How much dearer a container of a pod with ten times as many may be: each status is as long.
_GROWTH = 1.5


async def _calls(of: Callable[[], Awaitable[object]]) -> int:
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename.startswith(_OURS)

    sys.setprofile(count)
    try:
        await of()
    finally:
        sys.setprofile(None)
    return calls


async def _calls_of_boot(containers: int) -> int:
    names = [f"c{number}" for number in range(containers)]
    # A process takes a moment to begin, so that there is time to publish each of them.
    behaviours = {name: Behaviour(start_takes=0.003) for name in names}
    node = Node(pod(*map(container, names)), behaviours)
    async with asyncio.TaskGroup() as group:

        async def boot() -> None:
            group.create_task(node.worker.run())
            await node.clock.sleep(containers * 0.003 + 1)

        calls = await _calls(boot)
        assert len(node.worker.facts.live) == containers
        node.worker.kill()
    return calls


async def test_a_container_of_a_large_pod_costs_no_more_than_one_of_a_small() -> None:
    few, many = await _calls_of_boot(20), await _calls_of_boot(200)

    assert many / 200 <= few / 20 * _GROWTH


async def test_a_restart_runs_little_code() -> None:
    endings = Behaviour(lives=[(2000.0, 1)])
    node = Node(pod(container("c")), {"c": endings})
    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1000)
        calls = await _calls(lambda: node.clock.sleep(2000 * _RESTARTS))
        restarts = node.worker.facts.runs["c"][0].restart_count
        node.worker.kill()

    assert restarts == _RESTARTS
    assert calls / restarts <= _CALLS_OF_RESTART
