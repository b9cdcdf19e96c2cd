"""One probe: when it runs, against which run of its container, and what its results lead to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.action.result import ActionResult, Outcome
from agent.model.runtime import ProbeKind
from tests.support.builders import container, pod, probe
from tests.support.node import FAILURE, SUCCESS, Node, Script

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


async def test_a_failure_between_successes_counts_until_the_next_success() -> None:
    node = Node(
        pod(container("c", liveness_probe=probe("alive", period_seconds=1, failure_threshold=3))),
        scripts={
            "c alive": Script(lambda now: FAILURE if now in (4, 6, 7, 9, 10, 11) else SUCCESS)
        },
    )

    await node.run_for(13)

    assert node.times("c started") == [0, 11]


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
