"""When probes run, against which run of a container, and what becomes of their results."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from agent.action.result import ActionResult, Outcome
from agent.model.container import EnvVar
from agent.model.runtime import ProbeKind
from tests.support.builders import container, deleted, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio

ERROR = ActionResult(Outcome.ERROR, "no descriptors")


class Changing(Script):
    """Another script for each execution."""

    def __init__(self, scripts: Iterator[Script]) -> None:
        self._scripts = scripts

    def answer(self, now: float) -> ActionResult:
        script = next(self._scripts)
        self.takes = script.takes
        return script.answer(now)


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


async def test_a_probe_longer_than_its_period_drops_ticks() -> None:
    node = Node(
        pod(container("c", liveness_probe=probe("slow", period_seconds=2, timeout_seconds=10))),
        scripts={"c slow": Script(takes=5.0)},
    )

    await node.run_for(16)

    assert node.times("probe c slow") == [2, 7, 12]


async def test_a_restarted_container_is_judged_anew() -> None:
    sick = Script(lambda now: FAILURE if now <= 3 else SUCCESS)
    node = Node(
        pod(container("c", liveness_probe=probe("alive", period_seconds=1, failure_threshold=3))),
        scripts={"c alive": sick},
    )

    await node.run_for(10)

    assert node.times("c started") == [0, 3]
    assert node.times("probe c alive")[3:5] == [4, 5]


async def test_a_run_without_end_of_its_probe_is_expired_at_the_timeout() -> None:
    node = Node(
        pod(container("c", liveness_probe=probe("hang", period_seconds=10, timeout_seconds=4))),
        scripts={"c hang": Script(takes=None)},
    )

    await node.run_for(25)

    assert node.times("probe c hang") == [10, 20]
    assert node.events("Unhealthy") == ["Liveness probe failed: timed out"] * 2


async def test_a_try_that_hangs_after_one_that_failed_at_once_is_expired_too() -> None:
    answers = iter([Script(lambda _: ERROR), *[Script(takes=None)] * 9])
    node = Node(
        pod(container("c", liveness_probe=probe("odd", period_seconds=10, timeout_seconds=4))),
        scripts={"c odd": Changing(answers)},
    )

    await node.run_for(25)

    assert node.times("probe c odd") == [10, 10, 20]
    assert node.events("Unhealthy") == ["Liveness probe failed: timed out"] * 2


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


async def test_a_warning_counts_as_success_and_is_told() -> None:
    warned = ActionResult(Outcome.WARNING, "moved")
    node = Node(
        pod(container("c", readiness_probe=probe("ready"))),
        scripts={"c ready": Script(lambda _: warned)},
    )

    await node.run_for(1)

    assert node.events("ProbeWarning") == ["Readiness probe warning: moved"]
    assert node.frozen.status.container_statuses[0].ready


async def test_a_failing_probe_is_not_timed() -> None:
    node = Node(
        pod(container("c", readiness_probe=probe("ready", period_seconds=1))),
        scripts={"c ready": Script(lambda _: FAILURE, takes=0.2)},
    )
    seen: list[tuple[dict[str, int], float]] = []

    def look() -> None:
        (series,) = node.metrics.probes
        assert series.kind is ProbeKind.READINESS
        seen.append((dict(series.totals), series.sum))

    node.scheduler.call_later(2.9, look)
    await node.run_for(3)

    assert seen == [({"failed": seen[0][0]["failed"]}, 0.0)]


async def test_the_probes_of_many_containers_spread_over_some_milliseconds() -> None:
    names = [f"c{number}" for number in range(20)]
    node = Node(pod(*(container(n, liveness_probe=probe("p", period_seconds=1)) for n in names)))

    await node.run_for(2.5)

    assert [node.times(f"probe {name} p") for name in (names[0], names[7])] == [[1, 2], [1, 2]]
    assert node.times(f"probe {names[8]} p") == [1.005, 2.005]
    assert node.times(f"probe {names[19]} p") == [1.01, 2.01]
