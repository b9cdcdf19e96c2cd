"""What a pod's status says at each moment of its life (virtual time)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.model.pod import PodReadinessGate
from agent.model.runtime import ContainerRun, RunState
from agent.pod.starter import StartError
from tests.support.builders import container, lifecycle, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


async def test_a_plain_pod_goes_through_its_states() -> None:
    node = Node(pod(restart_policy="Never"), {"c": Behaviour(lives=[(3.7, 0)])})

    await node.run_for(10)

    assert node.phases() == [(0, "Pending"), (0, "Running"), (3.7, "Succeeded")]
    assert node.states("c") == [(0, "ContainerCreating"), (0, "Running"), (3.7, "Completed 0")]
    ended = node.frozen.status.container_statuses[0].state.terminated
    assert ended is not None
    assert (ended.started_at, ended.finished_at) == (NOON, NOON + timedelta(seconds=3))
    assert ended.container_id == "barepod://c-0"
    assert node.frozen.status.start_time == NOON


async def test_the_conditions_of_a_pod_that_ends_well() -> None:
    node = Node(pod(restart_policy="Never"), {"c": Behaviour(lives=[(3.7, 0)])})

    await node.run_for(10)

    assert [one.type for one in node.frozen.status.conditions] == [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]
    for kind in ("Ready", "ContainersReady"):
        assert node.conditions(kind) == [
            (0, "False", "ContainersNotReady", "containers with unready status: [c]"),
            (0, "True", "", ""),
            (3.7, "False", "PodCompleted", ""),
        ]
    assert node.conditions("Initialized") == [
        (0, "True", "", ""),
        (3.7, "True", "PodCompleted", ""),
    ]
    assert node.conditions("PodScheduled") == [(0, "True", "", "")]
    since = {one.type: one.last_transition_time for one in node.frozen.status.conditions}
    assert since["Ready"] == NOON + timedelta(seconds=3)
    assert since["Initialized"] == since["PodScheduled"] == NOON
    assert {one.observed_generation for one in node.frozen.status.conditions} == {
        node.frozen.metadata.generation
    }


async def test_the_conditions_of_a_pod_that_fails() -> None:
    node = Node(pod(restart_policy="Never"), {"c": Behaviour(lives=[(3, 9)])})

    await node.run_for(10)

    assert node.conditions("Ready")[-1] == (3, "False", "PodFailed", "")
    assert node.phases()[-1] == (3, "Failed")


async def test_transition_times_move_only_when_a_condition_flips() -> None:
    flaky = Script(lambda now: FAILURE if 10 <= now < 20 else SUCCESS)
    ready = probe("ready", period_seconds=1, failure_threshold=1)
    node = Node(
        pod(container("c", readiness_probe=ready), container("d")),
        {"d": Behaviour(lives=[(5.5, 1), (None, 0)])},
        {"c ready": flaky},
    )

    await node.run_for(25)

    times = [
        one.last_transition_time
        for at, seen in node.statuses
        for one in seen.status.conditions
        if one.type == "Ready" and at < 25
    ]
    assert list(dict.fromkeys(times)) == [NOON + timedelta(seconds=s) for s in (0, 5, 10, 20)]


async def test_a_container_with_a_hook_is_being_created_until_the_hook_returns() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(post_start="warm"))),
        scripts={"c warm": Script(takes=3.0)},
    )

    await node.run_for(10)

    assert node.states("c") == [(0, "ContainerCreating"), (3, "Running")]
    assert node.phases() == [(0, "Pending"), (3, "Running")]
    running = node.frozen.status.container_statuses[0].state.running
    assert running is not None
    assert running.started_at == NOON


async def test_a_hook_that_fails_is_the_reason_for_waiting() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(post_start="warm"))),
        {"c": Behaviour(stop_code=143)},
        {"c warm": Script(lambda _: FAILURE, takes=2.0)},
    )

    await node.run_for(20)

    assert node.states("c") == [
        (0, "ContainerCreating"),
        (2, "PostStartHookError"),
        (4, "CrashLoopBackOff"),
        (16, "PostStartHookError"),
        (16, "CrashLoopBackOff"),
    ]
    waiting = [
        (status.state.waiting.message, status.last_state.terminated is not None)
        for _, seen in node.statuses
        for status in seen.status.container_statuses
        if status.state.waiting is not None and status.state.waiting.reason == "PostStartHookError"
    ]
    text = (
        'Exec lifecycle hook ([warm]) for Container "c" in Pod "p_default(u)" failed - error: '
        "command 'warm' exited with 1: no good, message: \"no good\""
    )
    assert set(waiting) == {(text, True)}
    last = node.frozen.status.container_statuses[0].last_state.terminated
    assert last is not None
    assert last.exit_code == 143


@pytest.mark.parametrize(("policy", "code"), [("Never", 143), ("OnFailure", 0)])
async def test_a_hook_that_fails_ends_what_is_not_started_again(policy: str, code: int) -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(post_start="warm")), restart_policy=policy),
        {"c": Behaviour(stop_code=code)},
        {"c warm": Script(lambda _: FAILURE, takes=2.0)},
    )

    await node.run_for(20)

    ended = "Error 143" if code else "Completed 0"
    assert node.states("c") == [(0, "ContainerCreating"), (2, ended)]


async def test_a_hook_runs_again_under_the_reason_for_which_its_container_waited() -> None:
    answers = iter([FAILURE, FAILURE, SUCCESS])
    node = Node(
        pod(container("c", lifecycle=lifecycle(post_start="warm"))),
        scripts={"c warm": Script(lambda _: next(answers), takes=2.0)},
    )

    await node.run_for(30)

    # Started again at 14 s, shown as running when the hook has returned.
    assert node.states("c")[-2:] == [(4, "CrashLoopBackOff"), (16, "Running")]
    assert node.frozen.status.container_statuses[0].restart_count == 2


async def test_a_program_that_cannot_be_executed_is_a_run_with_code_128() -> None:
    text = 'unable to start container process: exec: "foo": executable file not found in $PATH'
    failed = ContainerRun(
        name="c",
        container_id="dead",
        state=RunState.EXITED,
        created_at=NOON,
        started_at=datetime(1970, 1, 1, tzinfo=UTC),
        finished_at=NOON,
        exit_code=128,
        reason="StartError",
        message=text,
    )
    node = Node(
        pod(), {"c": Behaviour(start_errors=[StartError("RunContainerError", text, failed)])}
    )

    await node.run_for(5)

    assert node.states("c") == [
        (0, "ContainerCreating"),
        (0, "RunContainerError"),
        (0, "CrashLoopBackOff"),
    ]
    last = node.frozen.status.container_statuses[0].last_state.terminated
    assert last is not None
    assert (last.exit_code, last.reason, last.message) == (128, "StartError", text)
    assert last.started_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert node.frozen.status.phase == "Running"


async def test_the_state_before_is_kept_and_counted() -> None:
    node = Node(pod(), {"c": Behaviour(lives=[(2, 1), (3, 2), (None, 0)])})

    await node.run_for(30)

    status = node.frozen.status.container_statuses[0]
    assert status.restart_count == 2
    assert status.last_state.terminated is not None
    assert status.last_state.terminated.exit_code == 2
    assert status.container_id == "barepod://c-2"
    counts = [seen.status.container_statuses[0].restart_count for _, seen in node.statuses]
    assert counts == sorted(counts)


async def test_ready_and_started_of_a_container_with_a_startup_and_a_readiness_probe() -> None:
    node = Node(
        pod(
            container(
                "c",
                startup_probe=probe("up", period_seconds=2),
                readiness_probe=probe("ready", period_seconds=3),
            )
        ),
        scripts={
            "c up": Script(lambda now: SUCCESS if now >= 4 else FAILURE),
            "c ready": Script(lambda now: SUCCESS if now >= 7 else FAILURE),
        },
    )

    await node.run_for(12)

    seen: list[tuple[float, bool | None, bool]] = []
    for at, published in node.statuses:
        one = published.status.container_statuses[0]
        if at < 12 and (not seen or seen[-1][1:] != (one.started, one.ready)):
            seen.append((at, one.started, one.ready))
    assert seen == [(0, False, False), (4, True, False), (7, True, True)]


async def test_a_pod_with_several_containers_runs_when_all_have_been_started() -> None:
    error = StartError("CreateContainerConfigError", "no")
    node = Node(pod(container("b"), container("a")), {"b": Behaviour(start_errors=[error, None])})

    await node.run_for(12)

    # The start of `a` is a change of the pod, so `b` is tried again at once.
    assert node.phases()[0] == (0, "Pending")
    assert [one.name for one in node.frozen.status.container_statuses] == ["a", "b"]
    assert node.frozen.status.phase == "Running"


async def test_a_readiness_gate_that_nobody_opens_keeps_the_pod_from_being_ready() -> None:
    node = Node(pod(readiness_gates=(PodReadinessGate(condition_type="example.com/gate"),)))

    await node.run_for(5)

    message = 'corresponding condition of pod readiness gate "example.com/gate" does not exist.'
    assert node.conditions("Ready")[-1] == (0, "False", "ReadinessGatesNotReady", message)
    assert node.conditions("ContainersReady")[-1][1] == "True"


async def test_a_deleted_pod_that_ends_well_succeeded_whatever_its_policy() -> None:
    node = Node(
        pod(container("a"), container("b"), init=(sidecar("s"),)), {"s": Behaviour(stop_code=9)}
    )

    await node.stopped_at(3, 30)

    assert node.phases()[-1] == (3, "Succeeded")


async def test_one_failure_makes_a_deleted_pod_fail() -> None:
    node = Node(pod(container("a"), container("b")), {"a": Behaviour(stop_code=143)})

    await node.stopped_at(3, 30)

    assert node.phases()[-1] == (3, "Failed")


async def test_the_phase_of_a_deleted_pod_changes_when_nothing_of_it_runs() -> None:
    node = Node(
        pod(container("a"), container("b"), restart_policy="Never"),
        {"a": Behaviour(stop_takes=2), "b": Behaviour(stop_takes=9)},
    )

    await node.stopped_at(3, 30)

    assert node.phases() == [(0, "Pending"), (0, "Running"), (12, "Succeeded")]
    assert node.states("a")[-1] == (5, "Completed 0")


async def test_a_pod_that_has_ended_keeps_its_address_but_has_no_sandbox_any_more() -> None:
    for node in (Node(pod(restart_policy="Never"), {"c": Behaviour(lives=[(3, 0)])}), Node(pod())):
        await node.stopped_at(5, 30)

        assert [status for _, status, _, _ in node.conditions("PodReadyToStartContainers")] == [
            "False",
            "True",
            "False",
        ]
        assert node.pod.status.pod_ip == "127.0.0.1"


async def test_the_deadline_is_shown_when_nothing_runs_any_more() -> None:
    node = Node(pod(active_deadline_seconds=5), {"c": Behaviour(stop_takes=4)})

    await node.run_for(60)

    assert node.phases() == [(0, "Pending"), (0, "Running"), (9, "Failed")]
    reasons = {(at, seen.status.reason) for at, seen in node.statuses if seen.status.reason}
    assert reasons == {(9, "DeadlineExceeded")}
    assert (
        node.frozen.status.message
        == "Pod was active on the node longer than the specified deadline"
    )


async def test_a_pod_deleted_before_its_first_container_has_failed() -> None:
    error = StartError("CreateContainerConfigError", "no")
    node = Node(pod(), {"c": Behaviour(start_errors=[error])})

    await node.stopped_at(3, 30)

    assert node.phases()[-1] == (3, "Failed")
    ended = node.pod.status.container_statuses[0].state.terminated
    assert ended is not None
    assert (ended.exit_code, ended.reason, ended.message) == (
        137,
        "ContainerStatusUnknown",
        "The container could not be located when the pod was terminated",
    )


async def test_a_pod_has_its_nodes_address_as_soon_as_its_containers_may_start() -> None:
    node = Node(pod())

    await node.run_for(2)

    status = node.frozen.status
    assert (status.host_ip, status.pod_ip) == ("127.0.0.1", "127.0.0.1")
    assert [one.ip for one in status.pod_ips] == ["127.0.0.1"]
    assert node.conditions("PodReadyToStartContainers")[-1][:2] == (0, "True")
    assert status.qos_class == "BestEffort"


async def test_a_pod_is_not_over_while_a_container_is_being_started() -> None:
    node = Node(
        pod(init=(sidecar("proxy"), container("setup")), restart_policy="Never"),
        {
            "proxy": Behaviour(lives=[(2.0, 1), (None, 0)], start_takes=0.5),
            "setup": Behaviour(lives=[(2.2, 1)]),
        },
    )

    await node.run_for(20)

    assert node.times("setup ended 1") == [2.7]
    assert node.times("proxy started") == [0.5, 3.0]
    over_at = next(at for at, seen in node.statuses if seen.status.phase == "Failed")
    assert over_at >= node.times("proxy ended 0")[-1]
