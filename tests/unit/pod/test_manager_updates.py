"""Many pods on virtual time: updates, replacement, the end of all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from agent.model.container import Container
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.pod.manager import PodManager
from agent.pod.starter import BackOffLimits, StartError
from agent.rules import mirror
from tests.support.builders import container, lifecycle, pod
from tests.support.node import Behaviour, PretendedNode, Script

pytestmark = pytest.mark.asyncio


def named(name: str, *containers: Container, **fields: Any) -> Pod:
    """A pod of this name without a UID, as a manifest gives it."""
    return replace(
        pod(*(containers or (container(name),)), **fields),
        metadata=ObjectMeta(name=name, namespace="default"),
    )


def labelled(given: Pod, **labels: str) -> Pod:
    return replace(given, metadata=replace(given.metadata, labels=labels))


class Pods:
    """The pods of a pretended node, under the real manager."""

    def __init__(self, behaviours: dict[str, Behaviour], scripts: dict[str, Script]) -> None:
        self.node = PretendedNode(behaviours, scripts)
        self.faults: list[Exception] = []
        self.manager = PodManager(
            build=self.node.assembly.worker,
            store=self.node.store,
            recorder=self.node.recorder,
            clock=self.node.clock,
            node_name="node",
            on_fault=lambda _, exc: self.faults.append(exc),
        )

    def pod(self, name: str) -> Pod | None:
        return self.node.store.get(Pod, "default", name)

    def uid(self, name: str) -> str:
        found = self.pod(name)
        return found.metadata.uid if found is not None else ""


@asynccontextmanager
async def running(
    *pods: Pod,
    behaviours: dict[str, Behaviour] | None = None,
    scripts: dict[str, Script] | None = None,
) -> AsyncIterator[Pods]:
    """Run pods for a second, then the body, then kill what is left."""
    started = Pods(behaviours or {}, scripts or {})
    async with started.manager:
        for one in pods:
            started.manager.add(one)
        await asyncio.sleep(1)
        yield started
        started.manager.kill_all()
    assert started.faults == []


async def test_an_update_that_changes_nothing_does_nothing() -> None:
    async with running(named("a")) as pods:
        before = pods.pod("a")
        pods.manager.update(named("a"))
        await asyncio.sleep(60)

        assert pods.pod("a") == before


async def test_an_update_of_an_unknown_pod_starts_it() -> None:
    async with running() as pods:
        pods.manager.update(named("a"))
        await asyncio.sleep(1)

        assert pods.node.times("a started") == [1]


async def test_labels_and_annotations_change_in_place() -> None:
    async with running(named("a")) as pods:
        uid = pods.uid("a")
        pods.manager.update(labelled(named("a"), tier="web"))
        await asyncio.sleep(60)

        found = pods.pod("a")
        assert found is not None
        assert (found.metadata.labels, found.metadata.uid) == ({"tier": "web"}, uid)
        assert found.status.phase == "Running"
        assert pods.node.times("a started") == [0]


async def test_an_edited_pod_gets_its_grace_before_the_new_one_starts() -> None:
    slow = {"a": Behaviour(stop_takes=20.0)}
    async with running(named("a", grace=30), behaviours=slow) as pods:
        uid = pods.uid("a")
        pods.manager.update(named("a", grace=31))
        await asyncio.sleep(60)

        assert pods.node.times("a signalled, grace 30") == [1]
        assert pods.node.times("a started") == [0, 21]
        assert pods.uid("a") not in ("", uid)


async def test_the_latest_of_several_edits_wins() -> None:
    slow = {"a": Behaviour(stop_takes=20.0)}
    async with running(named("a"), behaviours=slow) as pods:
        pods.manager.update(named("a", grace=40))
        pods.manager.update(named("a", grace=50))
        await asyncio.sleep(60)

        found = pods.pod("a")
        assert found is not None
        assert found.spec.termination_grace_period_seconds == 50
        assert pods.node.times("a started") == [0, 21]


async def test_a_pod_deleted_while_it_is_replaced_does_not_come_back() -> None:
    slow = {"a": Behaviour(stop_takes=20.0)}
    async with running(named("a"), behaviours=slow) as pods:
        pods.manager.update(named("a", grace=40))
        pods.manager.delete("default", "a")
        await asyncio.sleep(60)

        assert pods.pod("a") is None
        assert pods.node.times("a started") == [0]


async def test_a_pod_that_returns_while_it_is_deleted_starts_anew_afterwards() -> None:
    slow = {"a": Behaviour(stop_takes=20.0)}
    async with running(named("a"), behaviours=slow) as pods:
        pods.manager.delete("default", "a")
        pods.manager.update(named("a"))
        await asyncio.sleep(60)

        assert pods.node.times("a started") == [0, 21]


async def test_a_pod_that_has_ended_is_replaced_at_once() -> None:
    done = {"a": Behaviour(lives=[(0.5, 0)])}
    async with running(named("a", restart_policy="Never"), behaviours=done) as pods:
        uid = pods.uid("a")
        pods.manager.update(named("a", restart_policy="Never", grace=5))
        await asyncio.sleep(1)

        assert pods.node.times("a started") == [0, 1]
        assert pods.uid("a") != uid


async def test_a_pod_that_has_ended_can_be_deleted() -> None:
    done = {"a": Behaviour(lives=[(0.5, 0)])}
    async with running(named("a", restart_policy="Never"), behaviours=done) as pods:
        pods.manager.delete("default", "a")

        assert pods.pod("a") is None


async def test_all_pods_stop_in_parallel() -> None:
    slow = {name: Behaviour(stop_takes=10.0) for name in "ab"}
    async with running(named("a"), named("b"), behaviours=slow) as pods:
        await pods.manager.stop_all()

        assert pods.node.clock.monotonic() == 11
        assert pods.manager.is_idle


async def test_pods_that_no_file_brings_back_wait_for_the_next_agent() -> None:
    pods_of_api = named("a"), named("b", restart_policy="Never")
    of_file = mirror.marked(named("c"))
    async with running(*pods_of_api, of_file) as pods:
        uid = pods.uid("a")
        await pods.manager.stop_all()

        again, over = pods.pod("a"), pods.pod("b")
        assert again is not None
        assert over is not None
        assert (again.metadata.uid, again.status.phase) == (uid, "Pending")
        assert again.metadata.deletion_timestamp is None
        assert again.status.container_statuses == ()
        assert over.status.phase in ("Succeeded", "Failed")
        assert pods.pod("c") is None


async def test_a_pod_that_was_deleted_does_not_wait_for_the_next_agent() -> None:
    slow = {"a": Behaviour(stop_takes=10.0)}
    async with running(named("a"), behaviours=slow) as pods:
        pods.manager.delete("default", "a")
        await pods.manager.stop_all()

        assert pods.pod("a") is None


async def test_pods_of_low_priority_stop_first() -> None:
    slow = {name: Behaviour(stop_takes=10.0) for name in "abc"}
    first, second, third = named("a", priority=5), named("b"), named("c", priority=-1)
    async with running(first, second, third, behaviours=slow) as pods:
        await pods.manager.stop_all()

        ended = {name: pods.node.times(f"{name} ended 0") for name in "abc"}
        assert ended == {"c": [11], "b": [21], "a": [31]}


async def test_nothing_takes_the_place_of_a_pod_once_all_stop() -> None:
    slow = {"a": Behaviour(stop_takes=10.0)}
    async with running(named("a"), behaviours=slow) as pods:
        pods.manager.update(named("a", grace=40))
        await pods.manager.stop_all()
        await asyncio.sleep(10)

        assert pods.node.times("a started") == [0]


async def test_a_hastened_stop_waits_for_no_hook_and_kills_soon() -> None:
    stubborn = {"a": Behaviour(stop_takes=None)}
    hanging = {"a bye": Script(takes=None)}
    given = named("a", container("a", lifecycle=lifecycle(pre_stop="bye")), grace=600)
    async with running(given, behaviours=stubborn, scripts=hanging) as pods:
        pods.manager.delete_all()
        await asyncio.sleep(10)
        pods.manager.hasten_all(2)
        await asyncio.sleep(5)

        assert pods.node.times("a signalled, grace 2") == [11]
        assert pods.node.times("a ended 137") == [13]
        assert pods.manager.is_idle


async def test_hastening_reaches_pods_whose_turn_has_not_come() -> None:
    slow = {name: Behaviour(stop_takes=None) for name in "ab"}
    async with running(named("a"), named("b", priority=9), behaviours=slow) as pods:
        async with asyncio.TaskGroup() as group:
            group.create_task(pods.manager.stop_all())
            await asyncio.sleep(3)
            pods.manager.hasten_all(2)

        assert pods.node.clock.monotonic() == pytest.approx(6)


async def test_a_new_configuration_wakes_pods_that_wait_for_an_image() -> None:
    lacking = {"a": Behaviour(image_problems=["no such image", "no such image", None])}
    async with running(named("a"), behaviours=lacking) as pods:
        await asyncio.sleep(5)
        pods.manager.reconfigure(BackOffLimits())
        await asyncio.sleep(0)
        await asyncio.sleep(0.1)

        assert pods.node.times("a started") == [6]


async def test_a_container_whose_image_changed_restarts_in_place() -> None:
    given = named("a", container("a"), container("b"))
    async with running(given) as pods:
        uid = pods.uid("a")
        edited = replace(container("a"), image="other")
        pods.manager.update(named("a", edited, container("b")))
        await asyncio.sleep(60)

        assert pods.node.times("a started") == [0, 1]
        assert pods.node.times("b started") == [0]
        found = pods.pod("a")
        assert found is not None
        assert (found.metadata.uid, found.metadata.generation) == (uid, 2)
        assert found.status.observed_generation == 2
        assert [status.restart_count for status in found.status.container_statuses] == [1, 0]
        assert "Container a definition changed, will be restarted" in pods.node.events("Killing")


async def test_what_waits_for_a_config_map_is_started_when_one_comes() -> None:
    waits = {"a": Behaviour(create_errors=[StartError("CreateContainerConfigError", "no"), None])}
    async with running(named("a"), behaviours=waits) as pods:
        await asyncio.sleep(1)
        pods.manager.look_again("elsewhere")
        await asyncio.sleep(1)
        assert pods.node.times("a started") == []

        now = pods.node.clock.monotonic()
        pods.manager.look_again("default")
        await asyncio.sleep(1)
        assert pods.node.times("a started") == [now]
