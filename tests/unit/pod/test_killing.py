"""How containers and pods come to their end: who, in which order, with how much time (virtual)."""

from __future__ import annotations

import asyncio

import pytest

from agent.action.result import ActionResult, Outcome
from agent.model.handler import HTTPGetAction, Lifecycle, LifecycleHandler, Probe, SleepAction
from tests.support.builders import container, deleted, lifecycle, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio

SICK = Script(lambda _: FAILURE)
STUBBORN = Behaviour(stop_takes=None)


def _alive(**fields: int) -> Probe:
    return probe("alive", period_seconds=5, failure_threshold=1, **fields)


async def test_the_last_container_of_a_pod_that_never_restarts_is_stopped_with_the_pods_grace() -> (
    None
):
    main = container("c", liveness_probe=_alive(termination_grace_period_seconds=3))
    node = Node(
        pod(main, restart_policy="Never", grace=17),
        {"c": Behaviour(stop_takes=None)},
        {"c alive": SICK},
    )

    await node.run_for(60)

    assert node.events("Killing") == ["Stopping container c"]
    assert node.times("c signalled, grace 17") == [5]
    assert node.phases()[-1] == (22, "Failed")


@pytest.mark.parametrize(("code", "phase"), [(0, "Succeeded"), (143, "Failed")])
async def test_its_exit_code_decides_on_the_pod(code: int, phase: str) -> None:
    node = Node(
        pod(container("c", liveness_probe=_alive()), restart_policy="Never"),
        {"c": Behaviour(stop_code=code)},
        {"c alive": SICK},
    )

    await node.run_for(60)

    assert node.frozen.status.phase == phase


async def test_one_of_several_that_never_restart_gets_the_probes_grace() -> None:
    main = container("c", liveness_probe=_alive(termination_grace_period_seconds=3))
    node = Node(
        pod(main, container("d"), restart_policy="Never", grace=17),
        {"c": Behaviour(stop_takes=None)},
        {"c alive": SICK},
    )

    await node.run_for(60)

    assert node.events("Killing") == ["Container c failed liveness probe"]
    assert node.times("c signalled, grace 3") == [5]
    assert node.frozen.status.phase == "Running"


async def test_the_grace_of_a_probe_may_be_longer_than_the_pods() -> None:
    main = container("c", liveness_probe=_alive(termination_grace_period_seconds=60))
    node = Node(pod(main, grace=10), {"c": Behaviour(stop_takes=None)}, {"c alive": SICK})

    await node.run_for(20)

    assert node.times("c signalled, grace 60") == [5]


async def test_the_grace_of_a_deletion_beats_that_of_a_probe() -> None:
    main = container("c", liveness_probe=probe("alive", termination_grace_period_seconds=60))
    node = Node(pod(main, grace=10), {"c": Behaviour(stop_takes=None)})

    await node.stopped_at(5, 4)

    assert node.times("c signalled, grace 4") == [5]


async def test_a_pod_without_grace_gives_two_seconds_and_no_hook_when_its_probe_fails() -> None:
    main = container("c", liveness_probe=_alive(), lifecycle=lifecycle(pre_stop="bye"))
    node = Node(pod(main, grace=0), {"c": Behaviour(stop_takes=None)}, {"c alive": SICK})

    await node.run_for(6)

    assert node.times("c signalled, grace 2") == [5]
    assert node.times("hook c bye") == []


async def test_a_deletion_without_grace_gives_the_hook_one_second() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(pre_stop="bye"))),
        {"c": Behaviour(stop_takes=None)},
        {"c bye": Script(takes=None)},
    )

    await node.stopped_at(5, 0)

    assert node.times("hook c bye") == [5]
    assert node.times("c signalled, grace 2") == [6]
    assert node.times("c ended 137") == [8]


@pytest.mark.parametrize(
    ("takes", "left"), [(0.9, 10), (1.0, 9), (3.99, 7), (8.5, 2), (9.5, 2), (30.0, 2)]
)
async def test_the_hook_pays_with_whole_seconds_and_two_are_always_left(
    takes: float, left: int
) -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(pre_stop="bye"))),
        scripts={"c bye": Script(takes=takes)},
    )

    await node.stopped_at(1, 10)

    assert node.times(f"c signalled, grace {left}") == [1 + min(takes, 10)]


async def test_the_hook_runs_when_a_probe_failed_and_the_new_run_gets_its_post_start() -> None:
    hooks = lifecycle(post_start="hello", pre_stop="bye")
    node = Node(
        pod(container("c", liveness_probe=_alive(), lifecycle=hooks)),
        scripts={"c alive": SICK},
    )

    await node.run_for(9)

    assert node.times("hook c hello") == [0, 5]
    assert node.times("hook c bye") == [5]


async def test_the_hook_does_not_run_after_an_exit() -> None:
    hooks = lifecycle(post_start="hello", pre_stop="bye")
    node = Node(pod(container("c", lifecycle=hooks)), {"c": Behaviour(lives=[(1, 1), (None, 0)])})

    await node.run_for(9)

    assert node.times("hook c hello") == [0, 1]
    assert node.times("hook c bye") == []
    assert node.events("Killing") == []


async def test_the_hook_runs_when_the_deadline_has_passed() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(pre_stop="bye")), active_deadline_seconds=4),
    )

    await node.run_for(9)

    assert node.times("hook c bye") == [4]
    assert node.events("Killing") == ["Stopping container c"]


async def test_the_hook_of_a_sidecar_runs_when_the_main_containers_have_ended() -> None:
    node = Node(
        pod(
            container("main"),
            init=(sidecar("s", lifecycle=lifecycle(pre_stop="bye")),),
            restart_policy="Never",
        ),
        {"main": Behaviour(lives=[(4, 0)])},
        {"s bye": Script(takes=3.0)},
    )

    await node.run_for(60)

    assert node.times("hook s bye") == [4]
    assert node.times("s signalled, grace 27") == [7]
    assert node.phases()[-1] == (7, "Succeeded")


async def test_a_failing_hook_is_told_once_and_the_signal_follows_at_once() -> None:
    node = Node(pod(container("c", lifecycle=lifecycle(pre_stop="bye"))), scripts={"c bye": SICK})

    await node.stopped_at(5, 30)

    assert node.events("FailedPreStopHook") == ["PreStopHook failed"]
    assert node.times("c signalled, grace 30") == [5]


async def test_killing_is_told_before_the_hook_and_its_failure_after() -> None:
    node = Node(pod(container("c", lifecycle=lifecycle(pre_stop="bye"))), scripts={"c bye": SICK})

    await node.stopped_at(5, 30)

    assert node.events()[-2:] == ["Stopping container c", "PreStopHook failed"]


async def test_a_hook_that_a_process_carries_out_fails_with_its_container() -> None:
    killed = ActionResult(Outcome.FAILURE, "", 137)
    node = Node(
        pod(container("c", lifecycle=lifecycle(pre_stop="bye"))),
        {"c": Behaviour(stop_takes=None)},
        {"c bye": Script(lambda _: killed, takes=12.2)},
    )

    await node.stopped_at(0.0, 10)

    assert node.times("c ended 137") == [12]
    assert node.events("FailedPreStopHook") == ["PreStopHook failed"]


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (LifecycleHandler(http_get=HTTPGetAction(path="/", port=80)), ["PreStopHook failed"]),
        (LifecycleHandler(sleep=SleepAction(seconds=1000)), []),
    ],
)
async def test_a_request_to_a_container_that_is_gone_fails_and_sleep_is_forgotten(
    hook: LifecycleHandler, told: list[str]
) -> None:
    gone = ActionResult(Outcome.FAILURE, 'Get "http://127.0.0.1/": EOF')
    node = Node(
        pod(container("c", lifecycle=Lifecycle(pre_stop=hook))),
        {"c": Behaviour(stop_takes=None)},
        {"c hook": Script(lambda _: gone, takes=12.2)},
    )

    await node.stopped_at(0.0, 10)

    assert node.times("c ended 137") == [12]
    assert node.events("FailedPreStopHook") == told


async def test_everything_is_told_to_be_killed_at_once_although_sidecars_wait() -> None:
    node = Node(
        pod(container("a"), container("b"), init=(sidecar("s"),)),
        {"a": Behaviour(stop_takes=5), "b": Behaviour(stop_takes=2)},
    )

    await node.stopped_at(1, 30)

    assert sorted(node.events("Killing")) == [f"Stopping container {name}" for name in "abs"]
    assert node.times("a signalled, grace 30") == node.times("b signalled, grace 30") == [1]
    assert node.times("s signalled, grace 25") == [6]


async def test_sidecars_all_get_the_signal_when_the_grace_is_over() -> None:
    node = Node(
        pod(container("main"), init=(sidecar("s1"), sidecar("s2"))),
        {"main": STUBBORN, "s1": STUBBORN, "s2": STUBBORN},
    )

    await node.stopped_at(1, 5)

    assert node.times("main signalled, grace 5") == [1]
    assert node.times("main ended 137") == [6]
    assert node.times("s1 signalled, grace 2") == node.times("s2 signalled, grace 2") == [6]
    assert node.times("s1 ended 137") == [8]


async def test_the_hook_of_a_waiting_sidecar_and_its_wait_are_paid_from_one_grace() -> None:
    node = Node(
        pod(
            container("main"),
            init=(sidecar("s", lifecycle=lifecycle(pre_stop="bye")),),
        ),
        {"main": Behaviour(stop_takes=9)},
        {"s bye": Script(takes=4.0)},
    )

    await node.stopped_at(1, 20)

    assert node.times("s signalled, grace 11") == [10]


async def test_a_sidecar_that_crashes_during_the_end_stays_down() -> None:
    node = Node(
        pod(container("main"), init=(sidecar("s"),)),
        {"main": Behaviour(stop_takes=10), "s": Behaviour(lives=[(4, 1)])},
    )

    await node.stopped_at(1, 30)

    assert node.times("s started") == [0]
    assert node.phases()[-1] == (11, "Succeeded")


async def test_an_init_container_that_runs_is_ended_with_the_pod() -> None:
    node = Node(pod(init=(container("i"),)), {"i": Behaviour(stop_takes=2, stop_code=143)})

    await node.stopped_at(3, 30)

    assert node.times("i signalled, grace 30") == [3]
    assert node.times("c started") == []
    assert node.phases() == [(0, "Pending"), (5, "Failed")]
    assert node.states("c") == [(0, "PodInitializing")]
    assert node.states("i")[-1] == (5, "Error 143")


async def test_running_sidecars_are_stopped_when_an_init_container_failed_for_good() -> None:
    node = Node(
        pod(init=(sidecar("s"), container("i")), restart_policy="Never"),
        {"i": Behaviour(lives=[(4, 1)]), "s": Behaviour(stop_takes=3)},
    )

    await node.run_for(60)

    assert node.events("Killing") == ["Stopping container s"]
    assert node.phases() == [(0, "Pending"), (7, "Failed")]
    assert node.states("c") == [(0, "PodInitializing")]


async def test_a_deletion_while_a_probe_kills_waits_for_that_and_starts_nothing() -> None:
    node = Node(
        pod(container("c", liveness_probe=_alive()), container("d")),
        {"c": Behaviour(stop_takes=8)},
        {"c alive": SICK},
    )

    await node.stopped_at(7, 30)

    assert node.times("c started") == [0]
    assert node.times("d signalled, grace 30") == [13]
    assert node.events("Killing") == [
        "Container c failed liveness probe, will be restarted",
        "Stopping container d",
    ]


async def test_probes_kill_one_container_after_the_other() -> None:
    node = Node(
        pod(container("a", liveness_probe=_alive()), container("b", liveness_probe=_alive())),
        {"a": Behaviour(stop_takes=3), "b": Behaviour(stop_takes=3)},
        {
            "a alive": Script(lambda now: FAILURE if now == 5 else SUCCESS),
            "b alive": Script(lambda now: FAILURE if now == 5 else SUCCESS),
        },
    )

    await node.run_for(20)

    signals = [(at, what) for at, what in node.log if "signalled" in what]
    assert [at for at, _ in signals] == [5, 8]
    assert len(node.times("a started")) == len(node.times("b started")) == 2


def slow_starter() -> Node:
    """A node whose container takes two seconds to start, and has a hook that would hang."""
    return Node(
        pod(container("c", lifecycle=lifecycle(post_start="hang"))),
        {"c": Behaviour(start_takes=2)},
        {"c hang": Script(takes=None)},
    )


async def test_no_hook_begins_when_the_pod_was_deleted_in_the_middle_of_a_start() -> None:
    node = slow_starter()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 30))
        done, _ = await asyncio.wait([task], timeout=100)
        node.worker.kill()

    assert done
    assert node.times("hook c hang") == []


async def test_what_is_being_started_dies_when_everything_is_killed() -> None:
    node = slow_starter()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(node.worker.run())
        await node.clock.sleep(1)
        node.worker.stop(deleted(node.worker.pod, 30))
        node.worker.kill()
        done, _ = await asyncio.wait([task], timeout=100)
        node.worker.kill()

    assert done
    assert node.times("c ended 137") == [2]
