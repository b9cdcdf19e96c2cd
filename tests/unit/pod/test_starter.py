"""How a container is started, what holds it back, and what is said about it."""

from __future__ import annotations

import asyncio

import pytest

from agent.pod.starter import StartError
from tests.support.builders import container, deleted, lifecycle, pod, sidecar
from tests.support.node import FAILURE, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio


async def test_an_unknown_image_is_looked_up_again_until_it_is_known() -> None:
    problem = "no such image"
    node = Node(pod(), {"c": Behaviour(image_problems=[problem, problem, None])})

    await node.run_for(100)

    assert len(node.times("c started")) == 1
    assert node.times("c started")[0] > 0
    assert any("ErrImagePull" in text for text in node.events("Failed"))
    assert node.frozen.status.phase == "Running"


async def test_an_unknown_image_shows_why_it_waits() -> None:
    node = Node(pod(), {"c": Behaviour(image_problems=["no such image"])})

    await node.run_for(1)

    waiting = node.frozen.status.container_statuses[0].state.waiting
    assert waiting is not None
    assert waiting.reason in ("ErrImagePull", "ImagePullBackOff")
    assert "no such image" in waiting.message


async def test_what_the_machine_lacks_is_asked_for_again_without_back_off() -> None:
    error = StartError("RunContainerError", "resource temporarily unavailable")
    node = Node(pod(), {"c": Behaviour(start_errors=[error, error, error, None])})

    await node.run_for(60)

    assert node.times("c started") == [30]
    assert node.frozen.status.container_statuses[0].restart_count == 0
    assert node.events("Failed") == ["Error: resource temporarily unavailable"] * 3
    assert node.events("BackOff") == []


async def test_a_failed_start_of_one_container_does_not_hold_up_the_next() -> None:
    error = StartError("CreateContainerError", "no")
    node = Node(pod(container("a"), container("b")), {"a": Behaviour(start_errors=[error])})

    await node.run_for(1)

    assert node.times("b started") == [0]
    assert node.frozen.status.phase == "Pending"


async def test_a_failed_start_of_an_init_container_holds_up_everything() -> None:
    error = StartError("CreateContainerError", "no")
    node = Node(
        pod(init=(container("i"), container("j"))), {"i": Behaviour(start_errors=[error, None])}
    )

    await node.run_for(5)

    assert node.times("j started") == node.times("c started") == []


async def test_a_failed_start_of_a_sidecar_holds_up_what_comes_after_it() -> None:
    error = StartError("CreateContainerError", "no")
    node = Node(pod(init=(sidecar("s"),)), {"s": Behaviour(start_errors=[error, None])})

    await node.run_for(15)

    assert node.times("s started") == node.times("c started") == [10]


async def test_a_hook_that_fails_after_its_container_ended_is_no_second_kill() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(post_start="warm")), restart_policy="Never"),
        {"c": Behaviour(lives=[(1, 4)])},
        {"c warm": Script(lambda _: FAILURE, takes=2.0)},
    )

    await node.run_for(10)

    assert node.events("FailedPostStartHook") == ["PostStartHook failed"]
    assert node.events("Killing") == []
    ended = node.frozen.status.container_statuses[0].state.terminated
    assert ended is not None
    assert ended.exit_code == 4
    assert node.frozen.status.phase == "Failed"


async def test_nothing_is_started_any_more_once_the_pod_is_stopped_in_a_hook() -> None:
    node = Node(
        pod(container("a", lifecycle=lifecycle(post_start="hang")), container("b")),
        scripts={"a hang": Script(takes=None)},
    )

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(3)
        node.worker.stop(deleted(node.worker.pod, 30))

    assert node.times("b started") == []
    assert node.pod.status.phase == "Failed"  # b never ran


async def test_a_pod_stopped_before_it_began_starts_nothing() -> None:
    node = Node(pod())
    node.worker.stop(deleted(node.worker.pod, 30))

    await node.worker.run()

    assert node.times("c started") == []
    assert node.pod.status.phase == "Failed"
