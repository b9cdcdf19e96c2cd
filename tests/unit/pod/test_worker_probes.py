"""Probes in a pod's life on virtual time: when they run, what they start and stop."""

from __future__ import annotations

import pytest

from agent.action.result import ActionResult, Outcome
from tests.support.builders import container, pod, probe
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio


async def test_a_failed_liveness_probe_restarts_the_container_after_its_grace() -> None:
    sick = Script(lambda now: FAILURE if now >= 15 else SUCCESS)
    node = Node(
        pod(container("c", liveness_probe=probe("alive", period_seconds=5)), grace=7),
        {"c": Behaviour(stop_takes=3)},
        {"c alive": sick},
    )

    await node.run_for(29)

    assert node.times("probe c alive")[:6] == [5, 10, 15, 20, 25]
    assert node.times("c signalled, grace 7") == [25]
    assert node.times("c started") == [0, 28]
    assert node.events("Killing")[0] == "Container c failed liveness probe, will be restarted"
    assert node.events("Unhealthy") == ["Liveness probe failed: no good"] * 3


async def test_readiness_goes_away_and_returns_without_a_restart() -> None:
    flaky = Script(lambda now: FAILURE if 10 <= now < 20 else SUCCESS)
    node = Node(
        pod(container("c", readiness_probe=probe("ready", period_seconds=1))),
        scripts={"c ready": flaky},
    )

    await node.run_for(40)

    seen: list[tuple[float, str]] = []
    for at, published in node.statuses:
        for condition in published.status.conditions:
            if (
                at < 40
                and condition.type == "Ready"
                and (not seen or seen[-1][1] != condition.status)
            ):
                seen.append((at, condition.status))
    assert seen == [(0, "False"), (0, "True"), (12, "False"), (20, "True")]
    assert node.times("c started") == [0]


async def test_liveness_waits_for_the_startup_probe() -> None:
    slow = Script(lambda now: SUCCESS if now >= 8 else FAILURE)
    node = Node(
        pod(
            container(
                "c",
                startup_probe=probe("started", period_seconds=2, failure_threshold=10),
                liveness_probe=probe("alive", period_seconds=1),
            )
        ),
        scripts={"c started": slow},
    )

    await node.run_for(11)

    assert node.times("probe c started") == [2, 4, 6, 8]
    assert node.times("probe c alive")[0] >= 8


async def test_an_errored_probe_is_tried_three_times_and_then_not_counted() -> None:
    broken = Script(lambda _: ActionResult(Outcome.ERROR, "no such port"))
    node = Node(
        pod(container("c", liveness_probe=probe("alive", period_seconds=10, failure_threshold=1))),
        scripts={"c alive": broken},
    )

    await node.run_for(15)

    assert node.times("probe c alive") == [10, 10, 10]
    assert node.events("Unhealthy") == [
        "Liveness probe errored and resulted in unknown state: no such port"
    ]
    assert node.events("Killing") == []


async def test_readiness_is_probed_once_when_the_container_is_up() -> None:
    node = Node(
        pod(container("c", readiness_probe=probe("ready"))),
        scripts={"c ready": Script(lambda _: FAILURE)},
    )

    await node.run_for(9)

    assert node.times("probe c ready") == [0]


async def test_a_probe_that_hangs_fails_at_its_timeout() -> None:
    node = Node(
        pod(container("c", readiness_probe=probe("ready", timeout_seconds=3))),
        scripts={"c ready": Script(takes=None)},
    )

    await node.run_for(4)

    assert node.events("Unhealthy") == ["Readiness probe failed: timed out"]


async def test_initial_delay_counts_from_the_start() -> None:
    node = Node(
        pod(
            container("c", liveness_probe=probe("alive", period_seconds=4, initial_delay_seconds=9))
        )
    )

    await node.run_for(17)

    assert node.times("probe c alive") == [12, 16]
