"""What the kubelet counts about probes and containers."""

from __future__ import annotations

import pytest

from agent.model.runtime import ProbeKind
from agent.pod.metrics import DURATION_BUCKETS, Metrics
from agent.pod.starter import StartError
from tests.support.builders import container, lifecycle, pod, probe
from tests.support.node import FAILURE, Behaviour, Node, Script


def test_a_probes_series_count_results_and_time_successes() -> None:
    metrics = Metrics()
    series = metrics.probe(ProbeKind.LIVENESS, "default", "p", "u", "c")

    assert series.totals == {}

    series.observe(0.03)
    series.observe(100.0)
    series.failed()
    series.failed()
    series.failed()

    assert series.totals == {"successful": 2, "failed": 3}
    assert series.sum == pytest.approx(100.03)
    assert series.buckets[DURATION_BUCKETS.index(0.05)] == 1
    assert series.buckets[-1] == 1
    assert sum(series.buckets) == 2


def test_a_duration_on_a_bound_belongs_to_its_bucket() -> None:
    series = Metrics().probe(ProbeKind.LIVENESS, "default", "p", "u", "c")

    for bound in DURATION_BUCKETS:
        series.observe(bound)

    assert series.buckets == [1] * len(DURATION_BUCKETS) + [0]


def test_series_end_with_their_worker_alone() -> None:
    metrics = Metrics()
    one = metrics.probe(ProbeKind.LIVENESS, "default", "p", "u", "c")
    other = metrics.probe(ProbeKind.READINESS, "default", "p", "u", "c")

    metrics.drop(one)
    metrics.drop(one)

    assert metrics.probes == [other]


@pytest.mark.asyncio
async def test_starts_are_counted_when_they_are_tried_not_when_they_are_held_back() -> None:
    node = Node(pod(container("c"), init=(container("i"),)), {"i": Behaviour(lives=[(1, 1)])})

    await node.run_for(5)  # at 0, 1; held back until 12

    assert node.metrics.started_containers == {"init_container": 2}
    assert node.metrics.start_errors == {}


@pytest.mark.asyncio
async def test_failed_starts_are_counted_by_reason() -> None:
    error = StartError("CreateContainerConfigError", "no such thing")
    node = Node(pod(), {"c": Behaviour(start_errors=[error])})

    await node.run_for(15)  # at 0 and 10

    assert node.metrics.started_containers == {"container": 2}
    assert node.metrics.start_errors == {("container", "CreateContainerConfigError"): 2}


@pytest.mark.asyncio
async def test_a_failed_post_start_hook_counts_as_a_failed_start() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(post_start="warm")), restart_policy="Never"),
        scripts={"c warm": Script(lambda _: FAILURE)},
    )

    await node.run_for(5)

    assert node.metrics.start_errors == {("container", "PostStartHookError"): 1}


@pytest.mark.asyncio
async def test_an_unknown_image_counts_as_a_failed_start() -> None:
    node = Node(pod(), {"c": Behaviour(image_problems=["unknown"])})

    await node.run_for(4)

    assert node.metrics.start_errors == {("container", "ErrImagePull"): 1}


@pytest.mark.asyncio
async def test_probes_are_counted_while_the_pod_lives() -> None:
    node = Node(pod(container("c", liveness_probe=probe("alive", period_seconds=1))))
    seen: list[dict[str, int]] = []
    node.scheduler.call_later(4.5, lambda: seen.append(dict(node.metrics.probes[0].totals)))

    await node.run_for(5)

    assert seen == [{"successful": 4}]
    assert node.metrics.probes == []
