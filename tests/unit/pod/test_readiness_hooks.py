"""Commands that tell others of a pod's readiness: when, in which order, and what can go wrong."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from agent.action.result import ActionResult, Outcome
from agent.model.container import VolumeMount
from agent.model.pod import Pod
from tests.support.builders import annotated, container, deleted, pod, probe
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio

UP, DOWN = "aside c up", "aside c down"


def told(*, drain: str = "0", up: str = '["up"]', **fields: Any) -> Pod:
    """A pod that runs `up` and `down`, ready as its probe `check` says every second."""
    check = probe("check", period_seconds=1, failure_threshold=1)
    return annotated(
        pod(container("c", readiness_probe=check, **fields)),
        on_ready=up,
        on_not_ready=json.dumps(["down"]),
        drain_seconds=drain,
    )


def ready_between(*spans: tuple[float, float]) -> Script:
    return Script(lambda now: SUCCESS if any(a <= now < b for a, b in spans) else FAILURE)


async def test_each_change_is_told_once_and_the_beginning_is_not() -> None:
    node = Node(told(), scripts={"c check": ready_between((3, 6), (8, 100))})

    await node.run_for(20)

    assert node.times(UP) == [3, 8]
    assert node.times(DOWN) == [6]


async def test_the_end_of_the_container_is_told_although_it_runs_no_more() -> None:
    node = Node(
        told(), {"c": Behaviour(lives=[(5.5, 1), (None, 0)])}, {"c check": ready_between((0, 100))}
    )

    await node.run_for(7.5)

    assert node.times(DOWN) == [5.5]
    assert node.times("aside c up")[0] == 0


async def test_a_deletion_is_told_before_the_drain() -> None:
    node = Node(told(drain="9"), scripts={"c check": ready_between((0, 100))})

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(2)
        node.worker.stop(deleted(node.worker.pod, 30))

    assert node.times(DOWN) == [2]
    assert node.times("c signalled, grace 30") == [11]


async def test_the_pod_is_not_gone_before_its_last_command_has_ended() -> None:
    node = Node(told(), scripts={"c check": ready_between((0, 100)), "down": Script(takes=6)})

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(2)
        node.worker.stop(deleted(node.worker.pod, 30))

    assert node.times("c ended 0") == [2]
    assert node.scheduler.time() == 8


async def test_a_kill_waits_for_no_command() -> None:
    node = Node(told(), scripts={"c check": ready_between((0, 100)), "up": Script(takes=None)})

    await node.run_for(2)

    assert node.times(UP) == [0]
    assert node.times(DOWN) == []
    assert node.scheduler.time() == 2


async def test_one_command_at_a_time_and_the_latest_state_wins() -> None:
    node = Node(
        told(),
        scripts={
            "c check": ready_between((0, 1), (2, 3), (4, 5)),
            "up": Script(takes=5.5),
        },
    )

    await node.run_for(12)

    assert node.times(UP) == [0]
    assert node.times(DOWN) == [5.5]


async def test_a_state_that_came_back_meanwhile_is_not_told_again() -> None:
    node = Node(told(), scripts={"c check": ready_between((0, 1), (2, 100)), "up": Script(takes=5)})

    await node.run_for(12)

    assert node.times(UP) == [0]
    assert node.times(DOWN) == []


async def test_a_command_that_fails_becomes_an_event_and_the_next_runs() -> None:
    no = Script(lambda _: ActionResult(Outcome.FAILURE, "no such service\n", 4))
    node = Node(told(), scripts={"c check": ready_between((0, 5)), "up": no})

    await node.run_for(8)

    assert node.events("FailedReadinessHook") == [
        "on-ready hook failed: exit code 4: no such service"
    ]
    assert node.times(DOWN) == [5]


async def test_a_command_that_hangs_is_given_up_after_thirty_seconds() -> None:
    node = Node(told(), scripts={"c check": ready_between((0, 100)), "up": Script(takes=None)})

    await node.run_for(40)

    assert node.events("FailedReadinessHook") == ["on-ready hook failed: timed out"]


async def test_a_command_that_cannot_be_used_is_skipped() -> None:
    node = Node(told(up="up"), scripts={"c check": ready_between((0, 5))})

    await node.run_for(8)

    assert node.times(UP) == []
    assert node.times(DOWN) == [5]


async def test_a_container_with_volumes_runs_the_command_inside() -> None:
    mount = VolumeMount(name="v", mount_path="/v")
    node = Node(told(volume_mounts=(mount,)), scripts={"c check": ready_between((0, 100))})

    await node.run_for(2)

    assert node.times("hook c up") == [0]
    assert node.times(UP) == []


async def test_an_annotation_of_one_kind_alone_is_enough() -> None:
    only = annotated(pod(), on_not_ready='["down"]')
    node = Node(only)

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(2)
        node.worker.stop(deleted(node.worker.pod, 30))

    assert node.times(DOWN) == [2]
