<<<<<<< HEAD
"""Many pods on virtual time: updates, replacement, the end of all."""
=======
"""All pods of a node: admitted, supervised, deleted, waited for."""
>>>>>>> main

from __future__ import annotations

import asyncio
<<<<<<< HEAD
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from agent.model.container import Container
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.pod.manager import PodManager
from agent.pod.starter import BackOffLimits
from tests.support.builders import container, lifecycle, pod
from tests.support.node import Behaviour, PretendedNode, Script
=======
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from agent.model.event import Event
from agent.model.pod import Pod
from agent.pod.manager import PodManager
from agent.pod.recorder import Recorder
from agent.store.memory import MemoryStore
from tests.support.builders import pod
from tests.support.virtual_loop import VirtualClock
>>>>>>> main

pytestmark = pytest.mark.asyncio


<<<<<<< HEAD
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
=======
class FakeWorker:
    """A worker that runs until it is told to stop; `faults` come first."""

    def __init__(self, pod: Pod, faults: list[Exception]) -> None:
        self.pod = pod
        self.faults = faults
        self.stops: list[tuple[Pod, int | None]] = []
        self.killed = False
        self.over = asyncio.Event()
        self.runs = 0

    def stop(self, pod: Pod, grace_seconds: int | None = None) -> None:
        self.pod = pod
        self.stops.append((pod, grace_seconds))
        self.over.set()

    def kill(self) -> None:
        self.killed = True
        self.over.set()

    async def run(self) -> None:
        self.runs += 1
        if self.faults:
            raise self.faults.pop(0)
        await self.over.wait()


class Setting:
    """A manager with fake workers, by pod name."""

    def __init__(self, *faults: Exception) -> None:
        self.store = MemoryStore()
        self.clock = VirtualClock()
        self.workers: dict[str, FakeWorker] = {}
        self.faults: list[str] = []
        self._script = list(faults)
        self.manager = PodManager(
            build=self._build,
            store=self.store,
            recorder=Recorder(self.store, self.clock, "vm-1"),
            clock=self.clock,
            node_name="vm-1",
            on_fault=lambda pod, exc: self.faults.append(f"{pod.metadata.name}: {exc}"),
        )

    def events(self, reason: str) -> list[str]:
        return [event.message for event in self.store.list(Event) if event.reason == reason]

    def _build(self, pod: Pod) -> FakeWorker:
        worker = FakeWorker(pod, self._script)
        self.workers[pod.metadata.name] = worker
        return worker


def named(name: str, **metadata: Any) -> Pod:
    one = pod()
    meta = msgspec.structs.replace(one.metadata, name=name, uid="", **metadata)
    return msgspec.structs.replace(one, metadata=meta)


async def until(fact: Callable[[], bool]) -> None:
    while not fact():
        await asyncio.sleep(0.001)


async def test_a_pod_is_admitted_with_a_uid_a_node_and_the_schedulers_event() -> None:
    setting = Setting()

    async with setting.manager as manager:
        manager.add(named("web"), ("spec.affinity is ignored",))
        stored = setting.store.get(Pod, "default", "web")
        manager.delete_all()

    assert stored is not None
    assert stored.metadata.uid
    assert stored.metadata.creation_timestamp is not None
    assert stored.spec.node_name == "vm-1"
    assert (stored.status.phase, stored.status.qos_class) == ("Pending", "BestEffort")
    assert setting.events("Scheduled") == ["Successfully assigned default/web to vm-1"]
    assert setting.events("FieldIgnored") == ["spec.affinity is ignored"]


async def test_a_pod_of_the_same_name_is_refused() -> None:
    setting = Setting()

    async with setting.manager as manager:
        manager.add(named("web"))
        with pytest.raises(ValueError, match="runs already"):
            manager.add(named("web"))
        manager.delete_all()


async def test_a_deleted_pod_is_marked_stopped_and_then_leaves_the_store() -> None:
    setting = Setting()

    async with setting.manager as manager:
        manager.add(named("web"))
        manager.delete("default", "web", 5)
        manager.delete("default", "web", 1)
        marked = setting.store.get(Pod, "default", "web")

    assert marked is not None
    assert marked.metadata.deletion_grace_period_seconds == 5
    assert marked.metadata.deletion_timestamp is not None
    late = marked.metadata.deletion_timestamp - setting.clock.now()
    assert late.total_seconds() == 5
    assert [grace for _, grace in setting.workers["web"].stops] == [5]
    assert setting.store.get(Pod, "default", "web") is None


async def test_a_deletion_without_a_word_takes_the_pods_own_grace() -> None:
    setting = Setting()

    async with setting.manager as manager:
        manager.add(named("web"))
        manager.delete("default", "web")
        manager.delete("default", "unknown")

    ((deleted, grace),) = setting.workers["web"].stops
    assert deleted.metadata.deletion_grace_period_seconds == 30
    assert grace is None


async def test_a_pod_that_ends_by_itself_stays_in_the_store() -> None:
    setting = Setting()

    async with setting.manager as manager:
        manager.add(named("web"))
        setting.workers["web"].over.set()

    assert setting.manager.is_idle
    assert setting.store.get(Pod, "default", "web") is not None


async def test_a_broken_worker_is_told_and_goes_on_while_the_others_do_not_notice() -> None:
    setting = Setting(RuntimeError("oh"), RuntimeError("no"))

    async with setting.manager as manager:
        manager.add(named("bad"))
        await until(lambda: setting.workers["bad"].runs == 1)
        manager.add(named("good"))
        await until(lambda: setting.workers["bad"].runs >= 2)
        good = setting.workers["good"].runs
        manager.delete_all()

    assert "bad: oh" in setting.faults
    assert setting.events("FailedSync")[0] == "error determining status: oh"
    assert good >= 1


async def test_kill_all_kills_every_pod() -> None:
    setting = Setting()

    async with setting.manager as manager:
        manager.add(named("one"))
        manager.add(named("two"))
        manager.kill_all()

    assert all(worker.killed and worker.stops for worker in setting.workers.values())
>>>>>>> main
