"""How a container comes to its end: events, hooks, turns, grace."""

from __future__ import annotations

import asyncio

import pytest

from agent.pod.facts import PodFacts
from agent.pod.hooks import HookRunner
from agent.pod.termination import Terminator, Turns
from tests.support.builders import container, deleted, lifecycle, pod, probe, sidecar
from tests.support.node import FAILURE, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio


async def stopped_after(node: Node, seconds: float, grace: int) -> None:
    """Run the pod, ask for its end after so many seconds, wait for it."""
    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(seconds)
        node.worker.stop(deleted(node.worker.pod, grace))


async def test_killing_is_told_before_the_hook_begins() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(pre_stop="drain"))),
        scripts={"c drain": Script(lambda _: FAILURE)},
    )

    await stopped_after(node, 1, 30)

    reasons = [reason for reason in _reasons(node) if reason != "Pulled"]
    assert reasons == ["Created", "Started", "Killing", "FailedPreStopHook"]
    assert node.events("Killing") == ["Stopping container c"]


async def test_a_container_that_ended_already_gets_nothing() -> None:
    node = Node(
        pod(container("a"), container("b", lifecycle=lifecycle(pre_stop="drain"))),
        {"b": Behaviour(lives=[(1, 0)])},
    )
    facts = PodFacts(clock=node.clock)
    hooks = HookRunner(
        pod=pod(), recorder=node.recorder, scheduler=node.scheduler, metrics=node.metrics
    )
    terminator = Terminator(facts=facts, hooks=hooks, recorder=node.recorder, clock=node.clock)

    await terminator.kill_container(pod(), container("b"))
    await terminator.kill_pod(pod(), 5)

    assert node.events("Killing") == []


async def test_the_probes_own_grace_counts_when_the_probe_failed() -> None:
    sick = probe("alive", period_seconds=1, failure_threshold=1, termination_grace_period_seconds=4)
    node = Node(
        pod(container("c", liveness_probe=sick)),
        {"c": Behaviour(stop_takes=None)},
        {"c alive": Script(lambda now: FAILURE)},
    )

    await node.run_for(3)

    assert node.times("c signalled, grace 4") == [1]


async def test_all_hooks_begin_at_once_and_the_order_holds_for_signals_alone() -> None:
    hooks = lifecycle(pre_stop="drain")
    node = Node(
        pod(container("main", lifecycle=hooks), init=(sidecar("s", lifecycle=hooks),)),
        {"main": Behaviour(stop_takes=3)},
    )

    await stopped_after(node, 1, 30)

    assert node.times("hook main drain") == node.times("hook s drain") == [1]
    assert node.times("main signalled, grace 30") == [1]
    assert node.times("s signalled, grace 27") == [4]


async def test_sidecars_wait_no_longer_than_the_grace_lasts() -> None:
    node = Node(
        pod(container("main"), init=(sidecar("s1"), sidecar("s2"))),
        {"main": Behaviour(stop_takes=None), "s1": Behaviour(stop_takes=None)},
    )

    await stopped_after(node, 1, 5)

    assert node.times("main ended 137") == [6]
    assert node.times("s1 signalled, grace 2") == node.times("s2 signalled, grace 2") == [6]
    assert node.times("s1 ended 137") == [8]


async def test_a_container_that_ends_during_its_hook_is_not_waited_for() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(pre_stop="hang"))),
        {"c": Behaviour(lives=[(5, 0)])},
        {"c hang": Script(takes=None)},
    )

    await stopped_after(node, 1, 100)

    assert node.scheduler.time() < 10
    assert node.pod.status.phase == "Succeeded"


async def test_turns_come_in_reverse_order_of_declaration() -> None:
    subject = pod(container("main"), init=(sidecar("s1"), sidecar("s2")))
    turns = Turns(subject, frozenset({"main", "s1", "s2"}))
    order: list[str] = []

    async def end(name: str) -> None:
        await turns.wait(name)
        order.append(name)
        turns.ended(name)

    async with asyncio.TaskGroup() as group:
        for name in ("s1", "s2", "main"):
            group.create_task(end(name))

    assert order == ["main", "s2", "s1"]


async def test_what_does_not_run_is_not_waited_for() -> None:
    subject = pod(container("main"), init=(sidecar("s1"), sidecar("s2")))
    turns = Turns(subject, frozenset({"s1"}))

    await asyncio.wait_for(turns.wait("s1"), 1)


def _reasons(node: Node) -> list[str]:
    from agent.model.event import Event

    return [event.reason for event in node.store.list(Event)]
