"""A pod's life on virtual time: order, restarts, back-off, deadlines, the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest

from agent.action.result import ActionResult, Outcome
from agent.host.process import Mount
from agent.model.container import Container
from agent.pod.starter import StartError
from tests.support.builders import container, deleted, lifecycle, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio


async def test_init_containers_run_one_after_the_other_before_the_main_one() -> None:
    node = Node(
        pod(init=(container("a"), container("b"))),
        {"a": Behaviour(lives=[(2, 0)]), "b": Behaviour(lives=[(3, 0)])},
    )

    await node.run_for(10)

    assert node.times("a started") == [0]
    assert node.times("b started") == [2]
    assert node.times("c started") == [5]
    assert node.frozen.status.phase == "Running"


async def test_a_failing_init_container_is_tried_again_with_back_off() -> None:
    node = Node(pod(init=(container("a"),)), {"a": Behaviour(lives=[(1, 1), (1, 1), (1, 0)])})

    await node.run_for(60)

    assert node.times("a started") == [0, 1, 12]
    assert node.times("c started") == [13]


async def test_a_failing_init_container_fails_a_pod_that_never_restarts() -> None:
    node = Node(
        pod(init=(container("a"),), restart_policy="Never"), {"a": Behaviour(lives=[(1, 7)])}
    )

    await node.run_for(60)

    assert node.times("c started") == []
    assert node.frozen.status.phase == "Failed"


async def test_restarts_come_at_once_then_after_ten_seconds_doubling_to_five_minutes() -> None:
    node = Node(pod(), {"c": Behaviour(lives=[(1, 1)])})

    await node.run_for(2000)

    starts = node.times("c started")
    gaps = [round(later - earlier - 1) for earlier, later in pairwise(starts)]
    assert gaps[:8] == [0, 10, 20, 40, 80, 160, 300, 300]


async def test_a_long_run_is_forgiven() -> None:
    node = Node(pod(), {"c": Behaviour(lives=[(1, 1), (1, 1), (1, 1), (700, 1), (1, 1), (1, 1)])})

    await node.run_for(800)

    starts = node.times("c started")
    assert starts[4] == starts[3] + 700


async def test_crash_loop_back_off_is_shown_while_it_lasts() -> None:
    node = Node(pod(), {"c": Behaviour(lives=[(1, 3)])})

    await node.run_for(5)

    status = node.frozen.status.container_statuses[0]
    assert status.state.waiting is not None
    assert status.state.waiting.reason == "CrashLoopBackOff"
    assert (
        status.state.waiting.message
        == "back-off 10s restarting failed container=c pod=p_default(u)"
    )
    assert status.last_state.terminated is not None
    assert status.last_state.terminated.exit_code == 3
    assert status.restart_count == 1
    assert node.events("BackOff") == ["Back-off restarting failed container c in pod p_default(u)"]


async def test_terminated_is_published_before_crash_loop_back_off() -> None:
    node = Node(pod(), {"c": Behaviour(lives=[(1, 3)])})

    await node.run_for(5)

    states = [
        status.state
        for at, seen in node.statuses
        if at == 2
        for status in seen.status.container_statuses
    ]
    assert states[0].terminated is not None
    assert states[-1].waiting is not None


async def test_a_job_succeeds_after_its_retry() -> None:
    node = Node(pod(restart_policy="OnFailure"), {"c": Behaviour(lives=[(1, 1), (1, 0)])})

    await node.run_for(100)

    assert node.times("c started") == [0, 1]
    assert node.frozen.status.phase == "Succeeded"


async def test_a_pod_that_never_restarts_reports_its_failure() -> None:
    node = Node(pod(restart_policy="Never"), {"c": Behaviour(lives=[(1, 4)])})

    await node.run_for(100)

    assert node.times("c started") == [0]
    assert node.frozen.status.phase == "Failed"


async def test_a_sidecar_is_up_before_the_next_and_ends_after_the_main_container() -> None:
    node = Node(
        pod(container("main"), init=(sidecar("proxy"),), restart_policy="Never"),
        {"main": Behaviour(lives=[(5, 0)]), "proxy": Behaviour(stop_code=143)},
    )

    await node.run_for(100)

    assert node.times("proxy started") == node.times("main started") == [0]
    assert node.times("proxy ended 143") == [5]
    assert node.frozen.status.phase == "Succeeded"


async def test_a_sidecar_with_a_startup_probe_holds_the_others_back() -> None:
    ready_at_7 = Script(lambda now: SUCCESS if now >= 7 else FAILURE)
    node = Node(
        pod(init=(sidecar("proxy", startup_probe=probe("up", period_seconds=1)),)),
        scripts={"proxy up": ready_at_7},
    )

    await node.run_for(20)

    # failureThreshold 3 kills it at the third failure: 1 s, 2 s, 3 s.
    assert node.times("c started") != []
    assert node.times("c started")[0] >= 7


async def test_post_start_gates_running_and_the_next_container() -> None:
    node = Node(
        pod(container("a", lifecycle=lifecycle(post_start="warm")), container("b")),
        scripts={"a warm": Script(takes=4.0)},
    )

    await node.run_for(10)

    assert node.times("b started") == [4]
    early = [seen.status for at, seen in node.statuses if at < 4]
    assert all(status.state.running is None for seen in early for status in seen.container_statuses)


async def test_a_failing_post_start_hook_kills_and_restarts() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(post_start="warm", pre_stop="bye"))),
        scripts={"c warm": Script(lambda _: FAILURE)},
    )

    await node.run_for(5)

    assert node.events("FailedPostStartHook")[0] == "PostStartHook failed"
    assert "FailedPostStartHook" in node.events("Killing")
    assert node.times("hook c bye")
    status = node.frozen.status.container_statuses[0]
    assert status.state.waiting is not None
    assert status.state.waiting.reason in ("PostStartHookError", "CrashLoopBackOff")


async def test_deletion_cancels_a_hung_post_start_hook() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(post_start="hang"))),
        scripts={"c hang": Script(takes=None)},
    )

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(3)
        node.worker.stop(deleted(node.worker.pod, 30))

    assert node.times("c ended 0") == [3]
    assert node.events("FailedPostStartHook") == []


async def test_deletion_runs_pre_stop_then_signals_with_what_is_left_of_the_grace() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(pre_stop="drain"))),
        scripts={"c drain": Script(takes=4.5)},
    )

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 10))

    assert node.times("hook c drain") == [1]
    assert node.times("c signalled, grace 6") == [5.5]
    assert node.pod.status.phase == "Succeeded"


async def test_a_pre_stop_hook_that_never_ends_leaves_two_seconds() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(pre_stop="hang"))),
        {"c": Behaviour(stop_takes=None)},
        {"c hang": Script(takes=None)},
    )

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 10))

    assert node.times("c signalled, grace 2") == [11]
    assert node.times("c ended 137") == [13]
    assert node.pod.status.phase == "Failed"


async def test_a_grace_of_zero_still_gives_the_signal_two_seconds() -> None:
    node = Node(pod(), {"c": Behaviour(stop_takes=None)})

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 0))

    assert node.times("c signalled, grace 2") == [1]


async def test_sidecars_are_signalled_in_reverse_order_after_the_main_containers() -> None:
    slow = Behaviour(stop_takes=1.25)
    node = Node(
        pod(container("main"), init=(sidecar("s1"), sidecar("s2"), sidecar("s3"))),
        {"main": slow, "s1": slow, "s2": slow, "s3": slow},
    )

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 30))

    order = [what for _, what in node.log if "signalled" in what]
    assert order == [
        "main signalled, grace 30",
        "s3 signalled, grace 29",
        "s2 signalled, grace 28",
        "s1 signalled, grace 27",
    ]


async def test_the_deadline_fails_the_pod_and_gives_it_its_grace() -> None:
    node = Node(pod(active_deadline_seconds=5), {"c": Behaviour(stop_takes=2)})

    await node.run_for(60)

    assert node.times("c signalled, grace 30") == [5]
    assert (node.frozen.status.phase, node.frozen.status.reason) == ("Failed", "DeadlineExceeded")
    assert node.events("DeadlineExceeded") == [
        "Pod was active on the node longer than the specified deadline"
    ]


async def test_a_program_that_cannot_start_is_reported_and_tried_with_back_off() -> None:
    def error() -> StartError:
        return StartError("CreateContainerConfigError", 'configmap "x" not found')

    node = Node(pod(), {"c": Behaviour(start_errors=[error(), error(), None])})

    await node.run_for(5)
    assert node.frozen.status.container_statuses[0].state.waiting is not None
    assert (
        node.frozen.status.container_statuses[0].state.waiting.reason
        == "CreateContainerConfigError"
    )
    assert node.events("Failed") == ['Error: configmap "x" not found']


async def test_a_container_that_cannot_be_created_was_pulled_but_not_created() -> None:
    error = StartError("CreateContainerConfigError", 'configmap "x" not found')
    node = Node(pod(), {"c": Behaviour(create_errors=[error])})

    await node.run_for(1)

    assert node.events("Pulled") == ['Container image "i" already present on machine']
    assert node.events("Failed") == ['Error: configmap "x" not found']
    assert node.events("Created") == []


async def test_a_configuration_error_goes_away_by_itself() -> None:
    error = StartError("CreateContainerConfigError", 'configmap "x" not found')
    node = Node(pod(), {"c": Behaviour(start_errors=[error, None])})

    await node.run_for(30)

    assert node.times("c started") == [10]
    assert node.frozen.status.phase == "Running"


async def test_kill_ends_everything_at_once() -> None:
    node = Node(pod(container("a"), container("b")), {"a": Behaviour(stop_takes=None)})

    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 30))
        await node.clock.sleep(2)
        node.worker.kill()

    assert node.times("a ended 137") == [3]


async def test_kill_does_not_wait_for_a_pre_stop_hook_that_needs_no_process() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(pre_stop="sleep"))),
        scripts={"c sleep": Script(takes=None)},
    )

    async with asyncio.TaskGroup() as group:
        task = group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 30))
        await node.clock.sleep(2)
        node.worker.kill()
        await task
        ended_at = node.scheduler.time()

    assert node.times("c ended 137") == [3]
    assert ended_at < 5


async def test_an_ended_pod_leaves_nothing_but_its_logs() -> None:
    node = Node(pod(restart_policy="Never"), {"c": Behaviour(lives=[(1, 0)])})

    await node.run_for(5)

    assert node.times("forgotten") == [1]


async def test_the_first_events_are_those_of_a_kubelet() -> None:
    node = Node(pod())

    await node.run_for(1)

    assert node.events()[:3] == [
        'Container image "i" already present on machine',
        "Created container: c",
        "Started container c",
    ]


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


class SlowVolumes:
    """Volumes that are there after some attempts, each a second apart."""

    def __init__(self, attempts: int) -> None:
        self.changed: Callable[[], None] = lambda: None
        self.asked: list[float] = []
        self.torn_down_at: float | None = None
        self._missing = attempts

    @property
    def is_ready(self) -> bool:
        return self._missing == 0

    def set_up(self) -> float | None:
        if self._missing:
            self._missing -= 1
            self.asked.append(asyncio.get_running_loop().time())
        return self.asked[-1] + 1 if self._missing else None

    def mounts(
        self, container: Container, environment: Mapping[str, str], message_path: str
    ) -> tuple[Mount, ...]:
        return ()

    async def tear_down(self) -> None:
        self.torn_down_at = asyncio.get_running_loop().time()


async def test_no_container_starts_before_the_volumes_are_there() -> None:
    volumes = SlowVolumes(attempts=4)
    node = Node(pod(init=(container("a"),)), {"a": Behaviour(lives=[(1, 0)])}, volumes=volumes)

    await node.run_for(10)

    assert volumes.asked == [0, 1, 2, 3]
    assert node.times("a started") == [3]
    waiting = [status for at, status in node.statuses if at < 3]
    assert all(
        one.state.waiting is not None and one.state.waiting.reason == "PodInitializing"
        for shown in waiting
        for one in shown.status.init_container_statuses
    )


async def test_volumes_that_become_possible_are_made_at_once() -> None:
    volumes = SlowVolumes(attempts=2)
    node = Node(pod(), volumes=volumes)

    node.scheduler.call_later(0.25, lambda: volumes.changed())
    await node.run_for(10)

    assert node.times("c started") == [0.25]


async def test_volumes_outlive_restarts_and_go_with_the_pod() -> None:
    volumes = SlowVolumes(attempts=1)
    node = Node(
        pod(restart_policy="OnFailure"),
        {"c": Behaviour(lives=[(1, 1), (1, 0)])},
        volumes=volumes,
    )

    await node.run_for(60)

    assert node.times("c started") == [0, 1]
    assert volumes.torn_down_at == 2


async def test_a_pod_that_is_deleted_while_it_waits_for_volumes_ends() -> None:
    volumes = SlowVolumes(attempts=1000)
    node = Node(pod(), volumes=volumes)

    node.scheduler.call_later(2.5, lambda: node.worker.stop(deleted(node.pod, 30)))
    await node.run_for(60)

    assert node.times("c started") == []
    assert volumes.torn_down_at == 2.5
