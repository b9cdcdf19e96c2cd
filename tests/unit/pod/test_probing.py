"""When probes run over a pod's whole life and what follows from their answers (virtual time)."""

from __future__ import annotations

import asyncio

import pytest

from agent.action.result import ActionResult, Outcome
from tests.support.builders import container, deleted, lifecycle, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio

SICK = Script(lambda _: FAILURE)


async def test_the_ticker_starts_with_the_pod_and_not_with_the_container() -> None:
    node = Node(
        pod(
            container("c", liveness_probe=probe("alive", period_seconds=10)),
            init=(container("i"),),
        ),
        {"i": Behaviour(lives=[(7, 0)])},
    )

    await node.run_for(35)

    assert node.times("c started") == [7]
    assert node.times("probe c alive") == [10, 20, 30]


async def test_the_ticker_goes_on_over_a_restart() -> None:
    node = Node(
        pod(container("c", liveness_probe=probe("alive", period_seconds=10))),
        {"c": Behaviour(lives=[(13, 1), (None, 0)])},
    )

    await node.run_for(35)

    assert node.times("c started") == [0, 13]
    assert node.times("probe c alive") == [10, 20, 30]


async def test_initial_delay_counts_from_each_start_anew() -> None:
    alive = probe("alive", period_seconds=2, initial_delay_seconds=5)
    node = Node(
        pod(container("c", liveness_probe=alive)), {"c": Behaviour(lives=[(9, 1), (None, 0)])}
    )

    await node.run_for(17)

    assert node.times("probe c alive") == [6, 8, 14, 16]


async def test_readiness_is_asked_at_once_when_started_and_the_ticker_starts_anew() -> None:
    up = Script(lambda now: SUCCESS if now >= 6 else FAILURE)
    node = Node(
        pod(
            container(
                "c",
                startup_probe=probe("up", period_seconds=3),
                readiness_probe=probe("ready", period_seconds=5),
            )
        ),
        scripts={"c up": up},
    )

    await node.run_for(20)

    assert node.times("probe c up") == [3, 6]
    assert node.times("probe c ready") == [6, 11, 16]


async def test_readiness_of_a_container_that_is_not_ready_is_asked_whenever_the_pod_changes() -> (
    None
):
    node = Node(
        pod(container("c", readiness_probe=probe("ready", period_seconds=10)), container("d")),
        {"d": Behaviour(lives=[(4, 0), (None, 0)])},
        {"c ready": SICK},
    )

    await node.run_for(13)

    # `d` ended and started again at 4 s; from there a full period until the next tick.
    assert node.times("probe c ready")[0] == 0
    assert set(node.times("probe c ready")) == {0, 4}


async def test_a_ready_container_is_not_asked_out_of_turn() -> None:
    node = Node(
        pod(container("c", readiness_probe=probe("ready", period_seconds=10)), container("d")),
        {"d": Behaviour(lives=[(4, 0), (None, 0)])},
    )

    await node.run_for(25)

    assert node.times("probe c ready") == [0, 10, 20]


async def test_after_its_verdict_a_liveness_probe_holds_until_there_is_a_new_container() -> None:
    alive = probe("alive", period_seconds=1, failure_threshold=2)
    node = Node(
        pod(container("c", liveness_probe=alive), grace=20),
        {"c": Behaviour(stop_takes=8)},
        {"c alive": Script(lambda now: FAILURE if now < 5 else SUCCESS)},
    )

    await node.run_for(13.5)

    assert node.times("probe c alive") == [1, 2, 11, 12, 13]
    assert node.events("Killing") == ["Container c failed liveness probe, will be restarted"]


async def test_readiness_is_still_asked_while_a_failed_liveness_probe_ends_the_container() -> None:
    node = Node(
        pod(
            container(
                "c",
                liveness_probe=probe("alive", period_seconds=2, failure_threshold=1),
                readiness_probe=probe("ready", period_seconds=1),
            )
        ),
        {"c": Behaviour(stop_takes=6)},
        {"c alive": Script(lambda now: FAILURE if now < 3 else SUCCESS)},
    )

    await node.run_for(6.5)

    assert [at for at in node.times("probe c ready") if at > 2] == [3, 4, 5, 6]


async def test_failures_counted_before_a_crash_count_for_the_next_run() -> None:
    alive = probe("alive", period_seconds=2, failure_threshold=3)
    node = Node(
        pod(container("c", liveness_probe=alive)),
        {"c": Behaviour(lives=[(5, 1), (None, 0)])},
        {"c alive": SICK},
    )

    await node.run_for(7)

    assert node.times("probe c alive") == [2, 4, 6]
    assert node.times("c signalled, grace 30") == [6]


async def test_a_startup_probe_that_never_succeeds_restarts_the_container() -> None:
    up = probe("up", period_seconds=1, failure_threshold=3)
    node = Node(
        pod(container("c", startup_probe=up, liveness_probe=probe("alive", period_seconds=1))),
        scripts={"c up": SICK},
    )

    await node.run_for(4.5)

    assert node.times("c started") == [0, 3]
    assert node.times("probe c alive") == []
    assert node.events("Killing") == ["Container c failed startup probe, will be restarted"]
    assert node.events("Unhealthy")[:3] == ["Startup probe failed: no good"] * 3


async def test_no_probe_runs_before_post_start_has_returned() -> None:
    node = Node(
        pod(
            container(
                "c",
                lifecycle=lifecycle(post_start="warm"),
                liveness_probe=probe("alive", period_seconds=1),
                readiness_probe=probe("ready", period_seconds=1),
            )
        ),
        scripts={"c warm": Script(takes=4.5)},
    )

    await node.run_for(6.5)

    assert node.times("probe c alive") == [5, 6]
    assert node.times("probe c ready")[0] == 4.5


async def test_a_probe_of_a_missing_program_fails_and_counts() -> None:
    text = 'exec: "x": executable file not found in $PATH'
    node = Node(
        pod(container("c", liveness_probe=probe("x", period_seconds=1, failure_threshold=2))),
        scripts={"c x": Script(lambda _: ActionResult(Outcome.FAILURE, text))},
    )

    await node.run_for(2.5)

    assert node.times("c started") == [0, 2]
    assert node.events("Unhealthy") == [f"Liveness probe failed: {text}"] * 2


async def test_the_kinds_of_one_container_are_independent() -> None:
    node = Node(
        pod(
            container(
                "c",
                liveness_probe=probe("alive", period_seconds=2, failure_threshold=2),
                readiness_probe=probe("ready", period_seconds=2, failure_threshold=2),
            )
        ),
        scripts={"c ready": Script(lambda now: FAILURE if now > 3 else SUCCESS)},
    )

    await node.run_for(20)

    assert node.times("c started") == [0]
    assert [(at, status) for at, status, _, _ in node.conditions("Ready")] == [
        (0, "False"),
        (0, "True"),
        (6, "False"),
    ]


async def test_success_threshold_of_readiness_counts_in_a_row() -> None:
    answers = iter([SUCCESS, SUCCESS, FAILURE, SUCCESS, SUCCESS, SUCCESS, SUCCESS])
    ready = probe("ready", period_seconds=1, success_threshold=3)
    node = Node(
        pod(container("c", readiness_probe=ready)),
        scripts={"c ready": Script(lambda _: next(answers, SUCCESS))},
    )

    await node.run_for(9)

    assert node.conditions("Ready")[-1][:2] == (5, "True")


async def test_probes_of_a_sidecar_go_on_while_the_pod_ends() -> None:
    alive = probe("alive", period_seconds=1)
    node = Node(
        pod(
            container("main", liveness_probe=alive),
            init=(sidecar("s", liveness_probe=alive),),
        ),
        {"main": Behaviour(stop_takes=3)},
    )

    await node.stopped_at(2.5, 30)

    assert max(node.times("probe main alive")) == 2
    assert max(node.times("probe s alive")) == 5


async def test_readiness_is_denied_during_the_end_by_a_failing_probe() -> None:
    ready = probe("ready", period_seconds=1, failure_threshold=1)
    node = Node(
        pod(container("c", readiness_probe=ready)),
        {"c": Behaviour(stop_takes=10)},
        {"c ready": Script(lambda now: FAILURE if now > 4 else SUCCESS)},
    )

    await node.stopped_at(3, 30)

    assert [(at, status) for at, status, _, _ in node.conditions("Ready")][:3] == [
        (0, "False"),
        (0, "True"),
        (5, "False"),
    ]
    assert node.events("Unhealthy")[0] == "Readiness probe failed: no good"


async def test_a_restarted_container_is_not_ready_until_asked_again() -> None:
    ready = probe("ready", period_seconds=5, initial_delay_seconds=3)
    node = Node(
        pod(container("c", readiness_probe=ready)),
        {"c": Behaviour(lives=[(12, 1), (None, 0)])},
    )

    await node.run_for(30)

    assert [(at, status) for at, status, _, _ in node.conditions("Ready")] == [
        (0, "False"),
        (5, "True"),
        (12, "False"),
        (17, "True"),
    ]


async def test_no_probe_begins_after_the_pod_is_over() -> None:
    node = Node(
        pod(
            container("c", liveness_probe=probe("alive", period_seconds=1)),
            restart_policy="Never",
        ),
        {"c": Behaviour(lives=[(3.5, 0)])},
    )

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
    await node.clock.sleep(10)

    assert node.times("probe c alive") == [1, 2, 3]
    assert node.metrics.probes == []


async def test_every_retry_of_an_errored_probe_has_the_whole_timeout() -> None:
    error = ActionResult(Outcome.ERROR, "stalled")
    alive = probe("alive", period_seconds=10, timeout_seconds=5)
    node = Node(
        pod(container("c", liveness_probe=alive)),
        scripts={"c alive": Script(lambda _: error, takes=4.0)},
    )

    await node.run_for(23)

    assert node.times("probe c alive") == [10, 14, 18, 22]
    assert node.events("Unhealthy") == [
        "Liveness probe errored and resulted in unknown state: stalled"
    ]


async def test_a_deletion_before_the_first_readiness_answer_leaves_no_probe_behind() -> None:
    node = Node(
        pod(container("c", readiness_probe=probe("ready", timeout_seconds=100))),
        scripts={"c ready": Script(takes=None)},
    )

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 30))
    await node.clock.sleep(200)

    assert node.events("Unhealthy") == []
