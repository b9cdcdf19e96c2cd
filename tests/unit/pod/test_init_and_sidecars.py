"""Init containers and sidecars over a pod's life: order, retries, what is shown (virtual time)."""

from __future__ import annotations

import pytest

from agent.pod.starter import StartError
from tests.support.builders import container, lifecycle, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio


async def test_while_initialising_the_pod_says_what_is_missing() -> None:
    node = Node(
        pod(init=(container("a"), container("b"))),
        {"a": Behaviour(lives=[(2, 0)]), "b": Behaviour(lives=[(3, 0)])},
    )

    await node.run_for(10)

    assert node.conditions("Initialized") == [
        (
            0,
            "False",
            "ContainersNotInitialized",
            "containers with incomplete status: [a b]",
        ),
        (2, "False", "ContainersNotInitialized", "containers with incomplete status: [b]"),
        (5, "True", "", ""),
    ]
    assert node.phases() == [(0, "Pending"), (5, "Running")]
    assert node.states("a") == [(0, "PodInitializing"), (0, "Running"), (2, "Completed 0")]
    assert node.states("b") == [(0, "PodInitializing"), (2, "Running"), (5, "Completed 0")]
    assert node.states("c") == [(0, "PodInitializing"), (5, "Running")]


async def test_a_completed_init_container_is_ready_and_a_running_one_is_started() -> None:
    node = Node(pod(init=(container("a"),)), {"a": Behaviour(lives=[(2, 0)])})

    await node.run_for(4)

    seen = [
        (status.started, status.ready)
        for _, published in node.statuses
        for status in published.status.init_container_statuses
    ]
    assert seen[0] == (False, False)
    assert (True, False) in seen
    assert (node.frozen.status.init_container_statuses[0].started, seen[-1][1]) == (False, True)


@pytest.mark.parametrize("policy", ["Always", "OnFailure"])
async def test_a_failing_init_container_is_retried_with_the_crash_back_off(policy: str) -> None:
    node = Node(
        pod(init=(container("a"), container("b")), restart_policy=policy),
        {"a": Behaviour(lives=[(0.5, 0)]), "b": Behaviour(lives=[(1, 3)])},
    )

    await node.run_for(40)

    assert node.times("a started") == [0]
    assert node.times("b started") == [0.5, 1.5, 12.5, 33.5]
    assert node.phases() == [(0, "Pending")]
    assert node.states("b")[-1][1] == "CrashLoopBackOff"
    assert node.frozen.status.init_container_statuses[1].restart_count == 3
    assert node.conditions("Initialized")[-1][3] == "containers with incomplete status: [b]"


async def test_a_pod_that_never_restarts_fails_with_its_init_container() -> None:
    node = Node(
        pod(init=(container("a"), container("b")), restart_policy="Never"),
        {"a": Behaviour(lives=[(1, 5)])},
    )

    await node.run_for(40)

    assert node.times("b started") == []
    assert node.phases() == [(0, "Pending"), (1, "Failed")]
    assert node.states("a")[-1] == (1, "Error 5")
    assert node.states("b") == [(0, "PodInitializing")]
    assert node.states("c") == [(0, "PodInitializing")]
    assert node.conditions("Ready")[-1][1:3] == ("False", "PodFailed")


async def test_an_init_container_that_was_out_of_memory_failed_whatever_its_exit_code() -> None:
    node = Node(
        pod(init=(container("a"),)),
        {"a": Behaviour(lives=[(1, 0)], endings=["OOMKilled", None])},
    )

    await node.run_for(20)

    assert node.times("a started") == [0, 1]
    assert node.times("c started") == [2]


async def test_an_init_container_out_of_memory_fails_a_pod_that_never_restarts() -> None:
    node = Node(
        pod(init=(container("a"),), restart_policy="Never"),
        {"a": Behaviour(lives=[(1, 0)], endings=["OOMKilled"])},
    )

    await node.run_for(20)

    assert node.phases()[-1] == (1, "Failed")
    assert node.times("c started") == []


async def test_a_restart_of_a_main_container_does_not_repeat_the_init_containers() -> None:
    node = Node(
        pod(init=(container("a"),)),
        {"a": Behaviour(lives=[(1, 0)]), "c": Behaviour(lives=[(1, 1)])},
    )

    await node.run_for(60)

    assert node.times("a started") == [0]
    assert len(node.times("c started")) > 2


@pytest.mark.parametrize("policy", ["Always", "OnFailure", "Never"])
async def test_a_sidecar_is_restarted_whatever_its_exit_code_and_the_pods_policy(
    policy: str,
) -> None:
    node = Node(
        pod(init=(sidecar("s"),), restart_policy=policy),
        {"s": Behaviour(lives=[(1, 0), (1, 0), (None, 0)])},
    )

    await node.run_for(30)

    assert node.times("s started") == [0, 1, 12]
    assert node.times("c started") == [0]
    assert node.frozen.status.phase == "Running"


async def test_a_sidecar_that_crashes_while_the_next_init_container_runs_comes_back() -> None:
    node = Node(
        pod(init=(sidecar("s"), container("i"))),
        {"s": Behaviour(lives=[(2, 1), (None, 0)]), "i": Behaviour(lives=[(5, 0)])},
    )

    await node.run_for(10)

    assert node.times("s started") == [0, 2]
    assert node.times("i started") == [0]
    assert node.times("c started") == [5]


async def test_a_sidecar_that_crashes_in_a_loop_holds_the_next_back_while_it_is_down() -> None:
    node = Node(
        pod(init=(sidecar("s", startup_probe=probe("up", period_seconds=5)), container("i"))),
        {"s": Behaviour(lives=[(1, 1), (1, 1), (None, 0)])},
    )

    await node.run_for(30)

    assert node.times("s started") == [0, 1, 12]
    assert node.times("i started") == [15]
    assert node.phases()[0] == (0, "Pending")


async def test_a_sidecar_without_a_startup_probe_lets_the_next_start_at_once() -> None:
    alive = probe("alive", period_seconds=1)
    node = Node(
        pod(init=(sidecar("s", liveness_probe=alive, readiness_probe=probe("ready")),)),
        scripts={"s ready": Script(lambda _: FAILURE)},
    )

    await node.run_for(5)

    assert node.times("c started") == [0]
    assert node.conditions("Initialized")[-1][:2] == (0, "True")


async def test_the_readiness_of_a_sidecar_counts() -> None:
    ready = probe("ready", period_seconds=2, failure_threshold=1)
    node = Node(
        pod(init=(sidecar("s", readiness_probe=ready),)),
        scripts={"s ready": Script(lambda now: SUCCESS if now >= 4 else FAILURE)},
    )

    await node.run_for(10)

    unready = ("ContainersNotReady", "containers with unready status: [s]")
    for kind in ("Ready", "ContainersReady"):
        assert (0, "False", *unready) in node.conditions(kind)
        assert node.conditions(kind)[-1] == (4, "True", "", "")


async def test_a_failed_liveness_probe_restarts_a_sidecar_without_promising_it() -> None:
    alive = probe(
        "alive", period_seconds=5, failure_threshold=1, termination_grace_period_seconds=4
    )
    node = Node(
        pod(init=(sidecar("s", liveness_probe=alive),), restart_policy="Never"),
        {"s": Behaviour(stop_takes=None)},
        {"s alive": Script(lambda now: FAILURE if now < 8 else SUCCESS)},
    )

    await node.run_for(20)

    assert node.events("Killing") == ["Init container s failed liveness probe"]
    assert node.times("s signalled, grace 4") == [5]
    assert node.times("s started") == [0, 9]
    assert node.times("c started") == [0]


async def test_a_failed_startup_probe_restarts_a_sidecar_and_the_others_wait() -> None:
    up = probe("up", period_seconds=1, failure_threshold=2)
    node = Node(
        pod(init=(sidecar("s", startup_probe=up),)),
        scripts={"s up": Script(lambda now: SUCCESS if now >= 4 else FAILURE)},
    )

    await node.run_for(20)

    assert node.events("Killing") == ["Init container s failed startup probe"]
    assert node.times("s started") == [0, 2]
    assert node.times("c started") == [4]


async def test_the_post_start_hook_of_a_sidecar_holds_the_next_back() -> None:
    node = Node(
        pod(init=(sidecar("s", lifecycle=lifecycle(post_start="warm")), container("i"))),
        {"i": Behaviour(lives=[(1, 0)])},
        {"s warm": Script(takes=6.0)},
    )

    await node.run_for(20)

    assert node.times("i started") == [6]
    assert node.times("c started") == [7]


async def test_a_job_ends_although_its_sidecar_would_run_for_ever() -> None:
    node = Node(
        pod(init=(sidecar("s"),), restart_policy="OnFailure"),
        {"c": Behaviour(lives=[(2, 1), (2, 0)]), "s": Behaviour(stop_code=143)},
    )

    await node.run_for(60)

    assert node.times("c started") == [0, 2]
    assert node.phases()[-1] == (4, "Succeeded")
    assert node.states("s")[-1] == (4, "Error 143")
    assert node.events("Killing") == ["Stopping container s"]


async def test_a_sidecar_killed_by_its_probe_stays_down_when_the_job_ended_meanwhile() -> None:
    alive = probe("alive", period_seconds=5, failure_threshold=1)
    node = Node(
        pod(init=(sidecar("s", liveness_probe=alive),), restart_policy="Never"),
        {"c": Behaviour(lives=[(7, 0)]), "s": Behaviour(stop_takes=4)},
        {"s alive": Script(lambda _: FAILURE)},
    )

    await node.run_for(60)

    assert node.times("s started") == [0]
    assert node.phases()[-1] == (9, "Succeeded")
    assert node.events("Killing") == ["Init container s failed liveness probe"]


async def test_a_sidecar_that_cannot_start_is_retried_and_is_no_reason_to_fail() -> None:
    error = StartError("CreateContainerConfigError", 'configmap "x" not found')
    node = Node(
        pod(init=(sidecar("s"),), restart_policy="Never"),
        {"s": Behaviour(start_errors=[error, error, None])},
    )

    await node.run_for(30)

    assert node.times("s started") == [20]
    assert node.times("c started") == [20]
    assert node.events("Failed") == ['Error: configmap "x" not found'] * 2


async def test_events_of_init_containers_name_their_list() -> None:
    node = Node(pod(init=(container("i"),)), {"i": Behaviour(lives=[(1, 0)])})

    await node.run_for(3)

    paths = [event.involved_object.field_path for event in node.recorded()]
    assert paths == ["spec.initContainers{i}"] * 3 + ["spec.containers{c}"] * 3
