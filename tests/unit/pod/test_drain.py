"""A pod with barepod.dev/drain-seconds serves on for a while after its end was asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.builders import annotated, container, deleted, lifecycle, pod, probe
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio


def draining(seconds: str = "20", *, behaviour: Behaviour | None = None, **fields: Any) -> Node:
    scripts = {"c bye": Script(takes=4), "c up": fields.pop("up", Script())}
    served = annotated(pod(container("c", **fields), restart_policy="Never"), drain_seconds=seconds)
    return Node(served, {"c": behaviour or Behaviour()}, scripts)


async def stopped_at_1(node: Node, grace: int = 30) -> None:
    """Let the pod run, ask for its end in second 1, wait for it."""
    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, grace))


async def test_the_stop_signal_comes_after_the_drain_with_the_whole_grace() -> None:
    node = draining()

    await stopped_at_1(node)

    assert node.times("c signalled, grace 30") == [21]


async def test_the_pre_stop_hook_comes_after_the_drain_and_pays_from_the_grace() -> None:
    node = draining(lifecycle=lifecycle(pre_stop="bye"))

    await stopped_at_1(node)

    assert node.times("hook c bye") == [21]
    assert node.times("c signalled, grace 26") == [25]


async def test_a_part_of_a_second_is_enough() -> None:
    node = draining("0.5")

    await stopped_at_1(node)

    assert node.times("c signalled, grace 30") == [1.5]


@pytest.mark.parametrize("seconds", ["0", "soon"])
async def test_nothing_is_waited_for_that_nobody_can_ask_for(seconds: str) -> None:
    node = draining(seconds)

    await stopped_at_1(node)

    assert node.times("c signalled, grace 30") == [1]


async def test_a_pod_that_is_not_ready_serves_nobody() -> None:
    node = draining(readiness_probe=probe("up"), up=Script(lambda _: FAILURE))

    await stopped_at_1(node)

    assert node.times("c signalled, grace 30") == [1]


async def test_readiness_is_probed_on_and_liveness_is_not() -> None:
    node = draining(
        readiness_probe=probe("up", period_seconds=5),
        liveness_probe=probe("alive", period_seconds=5),
    )

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(7)
        node.worker.stop(deleted(node.worker.pod, 30))

    assert node.times("probe c alive") == [5]
    assert node.times("probe c up") == [0, 5, 10, 15, 20, 25]


async def test_the_drain_goes_on_when_readiness_is_lost_meanwhile() -> None:
    failing_at_5 = Script(lambda now: SUCCESS if now < 5 else FAILURE)
    node = draining(
        readiness_probe=probe("up", period_seconds=5, failure_threshold=1), up=failing_at_5
    )

    await stopped_at_1(node)

    assert node.times("c signalled, grace 30") == [21]


async def test_the_drain_ends_with_the_last_container() -> None:
    node = draining(behaviour=Behaviour(lives=[(5, 0)]))

    await stopped_at_1(node)

    assert node.times("c ended 0") == [5]
    assert node.pod.status.phase == "Succeeded"
    assert node.scheduler.time() == 5


async def test_a_deletion_without_grace_does_not_drain() -> None:
    node = draining()

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 0), 0)

    assert node.times("c signalled, grace 2") == [1]


async def test_asking_again_ends_the_drain() -> None:
    node = draining()

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 30))
        await node.clock.sleep(3)
        node.worker.stop(node.worker.pod, 5)

    assert node.times("c signalled, grace 5") == [4]


async def test_a_kill_ends_the_drain() -> None:
    node = draining()

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 30))
        await node.clock.sleep(3)
        node.worker.kill()

    assert node.times("c ended 137") == [4]
    assert node.scheduler.time() == 4


async def test_a_restart_of_the_container_needs_no_drain() -> None:
    failing = Script(lambda now: FAILURE if 10 <= now < 12 else SUCCESS)
    live = annotated(
        pod(container("c", liveness_probe=probe("up", period_seconds=5, failure_threshold=1))),
        drain_seconds="20",
    )
    node = Node(live, scripts={"c up": failing})

    await node.run_for(15)

    assert node.times("c signalled, grace 30") == [10]


async def test_a_pod_whose_time_is_over_does_not_drain() -> None:
    limited = annotated(pod(active_deadline_seconds=7), drain_seconds="20")
    node = Node(limited)

    await node.run_for(60)

    assert node.times("c signalled, grace 30") == [7]
