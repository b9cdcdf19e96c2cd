"""Which probes of a pod run, and until when."""

from __future__ import annotations

import asyncio

import pytest

from agent.model.container import EnvVar
from tests.support.builders import container, deleted, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio


async def test_only_sidecars_among_the_init_containers_are_probed() -> None:
    node = Node(
        pod(
            container("c", liveness_probe=probe("main", period_seconds=1)),
            init=(
                container("i", liveness_probe=probe("init", period_seconds=1)),
                sidecar("s", liveness_probe=probe("side", period_seconds=1)),
            ),
        ),
        {"i": Behaviour(lives=[(2, 0)])},
    )

    await node.run_for(5)

    assert node.times("probe i init") == []
    assert node.times("probe s side")
    assert node.times("probe c main")


async def test_a_probes_command_has_the_literal_variables_of_its_container() -> None:
    main = container(
        "c",
        env=(EnvVar(name="FILE", value="up"),),
        readiness_probe=probe("test", "$(FILE)", "$(OTHER)"),
    )
    node = Node(pod(main))

    await node.run_for(1)

    assert node.times("probe c test up $(OTHER)") == [0]


async def test_during_the_end_of_a_pod_liveness_is_over_and_readiness_goes_on() -> None:
    node = Node(
        pod(
            container(
                "c",
                liveness_probe=probe("alive", period_seconds=1, failure_threshold=1),
                readiness_probe=probe("ready", period_seconds=1, failure_threshold=1),
            )
        ),
        {"c": Behaviour(stop_takes=5)},
        {
            "c alive": Script(lambda now: FAILURE if now > 3 else SUCCESS),
            "c ready": Script(lambda now: FAILURE if now > 3 else SUCCESS),
        },
    )

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(3.5)
        node.worker.stop(deleted(node.worker.pod, 30))

    assert max(node.times("probe c alive")) == 3
    assert max(node.times("probe c ready")) > 6
    ready = [
        status.ready
        for at, seen in node.statuses
        if 4 <= at < 8
        for status in seen.status.container_statuses
    ]
    assert ready
    assert ready[-1] is False


async def test_a_probe_under_way_when_the_pod_ends_is_cancelled() -> None:
    node = Node(
        pod(container("c", liveness_probe=probe("hang", period_seconds=1, timeout_seconds=1000))),
        scripts={"c hang": Script(lambda _: FAILURE, takes=50.0)},
    )

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(3)
        node.worker.stop(deleted(node.worker.pod, 30))
    await node.clock.sleep(100)

    assert node.events("Unhealthy") == []
    assert node.metrics.probes == []


async def test_the_probes_of_many_containers_spread_over_some_milliseconds() -> None:
    names = [f"c{number}" for number in range(20)]
    node = Node(pod(*(container(n, liveness_probe=probe("p", period_seconds=1)) for n in names)))

    await node.run_for(2.5)

    assert [node.times(f"probe {name} p") for name in (names[0], names[7])] == [[1, 2], [1, 2]]
    assert node.times(f"probe {names[8]} p") == [1.005, 2.005]
    assert node.times(f"probe {names[19]} p") == [1.01, 2.01]
