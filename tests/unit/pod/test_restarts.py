"""Which container is started again, when, and what is shown meanwhile, on virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model.container import (
    Container,
    ContainerRestartRule,
    ContainerRestartRuleOnExitCodes,
)
from agent.model.pod import Pod
from agent.pod.starter import StartError
from agent.pod.storage import Volumes
from tests.support.builders import container, lifecycle, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio

SICK = Script(lambda _: FAILURE)


async def test_a_failed_liveness_probe_restarts_a_job_although_it_ends_with_zero() -> None:
    alive = probe("alive", period_seconds=20, failure_threshold=1)
    node = Node(
        pod(container("c", liveness_probe=alive), restart_policy="OnFailure"),
        scripts={"c alive": SICK},
    )

    await node.run_for(55)

    assert node.times("c started") == [0, 20, 40]
    assert node.phases() == [(0, "Pending"), (0, "Running")]
    assert [text for _, text in node.states("c")][-3:] == ["Running", "Completed 0", "Running"]


async def test_a_job_killed_by_its_probe_waits_for_its_back_off_and_then_runs_again() -> None:
    alive = probe("alive", period_seconds=2, failure_threshold=1)
    node = Node(
        pod(container("c", liveness_probe=alive), restart_policy="OnFailure"),
        scripts={"c alive": SICK},
    )

    await node.run_for(39)

    # No record of an end; no delay yet; killed at 6 s: 10 s from there, then 20 s from 18 s.
    assert node.times("c started") == [0, 2, 4, 16, 38]
    assert (6, "CrashLoopBackOff") in node.states("c")
    assert {phase for _, phase in node.phases()} == {"Pending", "Running"}


async def test_liveness_restarts_are_delayed_by_the_end_of_the_run_before() -> None:
    alive = probe("alive", period_seconds=15, failure_threshold=1)
    node = Node(pod(container("c", liveness_probe=alive)), scripts={"c alive": SICK})

    await node.run_for(130)

    # The delays 10 s, 20 s, 40 s ... count from the end of the run before the killed one.
    assert node.times("c started")[:4] == [0, 15, 30, 45]
    assert node.times("c started")[4] == 60 + 20
    assert node.events("BackOff")


async def test_a_pod_that_never_restarts_goes_on_without_the_one_its_probe_killed() -> None:
    alive = probe("alive", period_seconds=5, failure_threshold=1)
    node = Node(
        pod(container("a", liveness_probe=alive), container("b"), restart_policy="Never"),
        {"b": Behaviour(lives=[(20, 0)])},
        {"a alive": SICK},
    )

    await node.run_for(60)

    assert node.times("a started") == [0]
    assert node.events("Killing") == ["Container a failed liveness probe"]
    assert node.phases() == [(0, "Pending"), (0, "Running"), (20, "Succeeded")]


async def test_rules_and_own_policies_decide_before_the_pods_policy() -> None:
    rule = ContainerRestartRule(
        action="Restart", exit_codes=ContainerRestartRuleOnExitCodes(operator="In", values=(42,))
    )
    node = Node(
        pod(
            container("ruled", restart_policy="Never", restart_policy_rules=(rule,)),
            container("always", restart_policy="Always"),
            container("plain"),
            restart_policy="Never",
        ),
        {
            "ruled": Behaviour(lives=[(1, 42), (1, 7)]),
            "always": Behaviour(lives=[(1, 0), (None, 0)]),
            "plain": Behaviour(lives=[(1, 42)]),
        },
    )

    await node.run_for(30)

    assert node.times("ruled started") == [0, 1]
    assert node.times("always started") == [0, 1]
    assert node.times("plain started") == [0]
    assert node.frozen.status.phase == "Running"


async def test_a_crash_loop_is_shown_as_error_then_back_off_then_running() -> None:
    node = Node(pod(), {"c": Behaviour(lives=[(1, 3)])})

    await node.run_for(30)

    assert node.states("c") == [
        (0, "ContainerCreating"),
        (0, "Running"),
        (1, "Error 3"),
        (1, "Running"),
        (2, "Error 3"),
        (2, "CrashLoopBackOff"),
        (12, "Running"),
        (13, "Error 3"),
        (13, "CrashLoopBackOff"),
    ]
    assert node.phases() == [(0, "Pending"), (0, "Running")]


async def test_an_exit_with_zero_backs_off_all_the_same() -> None:
    node = Node(pod(), {"c": Behaviour(lives=[(1, 0)])})

    await node.run_for(14)

    assert node.times("c started") == [0, 1, 12]
    assert (2, "Completed 0") in node.states("c")
    assert (2, "CrashLoopBackOff") in node.states("c")


async def test_delays_are_told_as_go_tells_them() -> None:
    node = Node(pod(), {"c": Behaviour(lives=[(1, 3)])})

    await node.run_for(1500)

    waits = []
    for _, seen in node.statuses:
        waiting = (
            seen.status.container_statuses[0].state.waiting
            if seen.status.container_statuses
            else None
        )
        if waiting is not None and waiting.reason == "CrashLoopBackOff":
            word = waiting.message.split()[1]
            if word not in waits:
                waits.append(word)
    assert waits == ["10s", "20s", "40s", "1m20s", "2m40s", "5m0s"]


async def test_the_back_off_is_forgotten_ten_minutes_after_the_last_start_even_if_it_waits() -> (
    None
):
    crashes = [(1.0, 1)] * 7
    node = Node(pod(), {"c": Behaviour(lives=[*crashes, (360, 1), (1, 1), (1, 1)])})

    await node.run_for(3000)

    starts = node.times("c started")
    # At the 300 s level a run of 360 s waits only until 600 s after its start.
    assert starts[8] == pytest.approx(starts[7] + 600, abs=2.1)
    assert starts[9] == pytest.approx(starts[8] + 1 + 10, abs=0.1)


async def test_containers_back_off_each_for_itself() -> None:
    node = Node(
        pod(container("a"), container("b")),
        {"a": Behaviour(lives=[(1, 1)]), "b": Behaviour(lives=[(30, 1), (None, 0)])},
    )

    await node.run_for(35)

    assert node.times("a started") == [0, 1, 12, 33]
    assert node.times("b started") == [0, 30]


async def test_a_deletion_ends_the_wait_for_a_back_off() -> None:
    node = Node(pod(), {"c": Behaviour(lives=[(1, 3)])})

    await node.stopped_at(5, 30)

    assert node.times("c started") == [0, 1]
    assert node.states("c")[-1] == (5, "Error 3")
    assert node.phases()[-1] == (5, "Failed")
    assert node.events("Killing") == []


async def test_nothing_is_restarted_when_a_deletion_comes_while_a_probe_kills() -> None:
    alive = probe("alive", period_seconds=5, failure_threshold=1)
    node = Node(
        pod(container("c", liveness_probe=alive), init=(sidecar("s", liveness_probe=alive),)),
        {"c": Behaviour(stop_takes=4), "s": Behaviour(stop_takes=4)},
        {"c alive": SICK, "s alive": SICK},
    )

    await node.stopped_at(7, 30)

    assert node.times("c started") == [0]
    assert node.times("s started") == [0]


async def test_a_failed_post_start_hook_follows_the_restart_policy() -> None:
    main = container("c", lifecycle=lifecycle(post_start="warm"))
    for policy, code, starts, phase in (
        ("Never", 1, 1, "Failed"),
        ("Never", 0, 1, "Succeeded"),
        ("OnFailure", 1, 2, "Running"),
        ("Always", 0, 2, "Running"),
    ):
        node = Node(
            pod(main, restart_policy=policy),
            {"c": Behaviour(stop_code=code)},
            {"c warm": Script(lambda _: FAILURE)},
        )
        await node.run_for(5)

        assert len(node.times("c started")) == starts
        assert node.frozen.status.phase == phase


async def test_a_killed_startup_restarts_like_a_killed_liveness() -> None:
    late = Script(lambda now: SUCCESS if now >= 12 else FAILURE)
    up = probe("up", period_seconds=1, failure_threshold=10, termination_grace_period_seconds=3)
    node = Node(
        pod(container("c", startup_probe=up), restart_policy="OnFailure"),
        {"c": Behaviour(stop_takes=None)},
        {"c up": late},
    )

    await node.run_for(20)

    assert node.times("c signalled, grace 3") == [10]
    assert node.times("c started") == [0, 13]
    assert node.events("Killing") == ["Container c failed startup probe, will be restarted"]
    assert node.frozen.status.container_statuses[0].restart_count == 1


class _Attentive(Node):
    """Remembers what was published of `c` whenever a start of it was being prepared."""

    def create(self, pod: Pod, container: Container, restart_count: int, volumes: Volumes) -> Any:
        self.published = [*getattr(self, "published", ()), self.states("c")[-1][1]]
        return super().create(pod, container, restart_count, volumes)


async def test_a_restart_comes_before_the_news_of_the_end_which_is_told_all_the_same() -> None:
    node = _Attentive(pod(container("c")), {"c": Behaviour([(5.0, 3), (None, 0)])})

    await node.run_for(10)

    assert node.published == ["ContainerCreating", "Running"]
    assert [text for _, text in node.states("c")] == [
        "ContainerCreating",
        "Running",
        "Error 3",
        "Running",
    ]


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (Behaviour([(1.0, 3)]), "CrashLoopBackOff"),
        (
            Behaviour([(1.0, 3)], image_problems=[None, "no such image"]),
            "ErrImagePull",
        ),
        (
            Behaviour([(1.0, 3)], create_errors=[None, StartError("CreateError", "no")]),
            "CreateError",
        ),
        (
            Behaviour([(1.0, 3)], start_errors=[None, StartError("RunError", "no")]),
            "RunError",
        ),
    ],
)
async def test_an_end_is_told_before_what_holds_the_next_start_back(
    second: Behaviour, reason: str
) -> None:
    node = Node(pod(container("c")), {"c": second})

    await node.run_for(9)

    seen = [text for _, text in node.states("c")]
    assert seen[: seen.index(reason)][-1] == "Error 3"


async def test_many_containers_that_start_together_are_shown_together_and_all_in_the_end() -> None:
    names = [f"c{number}" for number in range(30)]
    node = Node(pod(*map(container, names)), {name: Behaviour(start_takes=0.004) for name in names})

    await node.run_for(1)

    shown = [
        sum(status.state.running is not None for status in seen.status.container_statuses)
        for at, seen in node.statuses
        if at < 1  # then it is stopped
    ]
    assert len(set(shown)) < 6
    assert shown[-1] == len(names)
