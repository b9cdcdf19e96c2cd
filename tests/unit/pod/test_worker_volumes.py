"""Volumes in a pod's life on virtual time: before the first container, until the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from agent.host.process import Mount
from agent.model.container import Container
from tests.support.builders import container, deleted, pod
from tests.support.node import Behaviour, Node

pytestmark = pytest.mark.asyncio


class SlowVolumes:
    """Volumes that are there after some attempts, each a second apart."""

    def __init__(self, attempts: int) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.asked: list[float] = []
        self.torn_down_at: float | None = None
        self._missing = attempts

    @property
    def is_ready(self) -> bool:
        return self._missing == 0

    def set_up(self) -> float | None:
        if self._missing:
            self._missing -= 1
            self.asked.append(asyncio.get_running_loop().time())
        return self.asked[-1] + 1 if self._missing else None

    def mounts(
        self, container: Container, environment: Mapping[str, str], message_path: str
    ) -> tuple[Mount, ...]:
        return ()

    async def tear_down(self) -> None:
        self.torn_down_at = asyncio.get_running_loop().time()


async def test_no_container_starts_before_the_volumes_are_there() -> None:
    volumes = SlowVolumes(attempts=4)
    node = Node(pod(init=(container("a"),)), {"a": Behaviour(lives=[(1, 0)])}, volumes=volumes)

    await node.run_for(10)

    assert volumes.asked == [0, 1, 2, 3]
    assert node.times("a started") == [3]
    waiting = [status for at, status in node.statuses if at < 3]
    assert all(
        one.state.waiting is not None and one.state.waiting.reason == "PodInitializing"
        for shown in waiting
        for one in shown.status.init_container_statuses
    )


async def test_volumes_that_become_possible_are_made_at_once() -> None:
    volumes = SlowVolumes(attempts=2)
    node = Node(pod(), volumes=volumes)

    node.scheduler.call_later(0.25, lambda: volumes.changed())
    await node.run_for(10)

    assert node.times("c started") == [0.25]


async def test_volumes_outlive_restarts_and_go_with_the_pod() -> None:
    volumes = SlowVolumes(attempts=1)
    node = Node(
        pod(restart_policy="OnFailure"),
        {"c": Behaviour(lives=[(1, 1), (1, 0)])},
        volumes=volumes,
    )

    await node.run_for(60)

    assert node.times("c started") == [0, 1]
    assert volumes.torn_down_at == 2


async def test_a_pod_that_is_deleted_while_it_waits_for_volumes_ends() -> None:
    volumes = SlowVolumes(attempts=1000)
    node = Node(pod(), volumes=volumes)

    node.scheduler.call_later(2.5, lambda: node.worker.stop(deleted(node.pod, 30)))
    await node.run_for(60)

    assert node.times("c started") == []
    assert volumes.torn_down_at == 2.5
