"""All pods of a node: admitted, supervised, deleted, waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from agent.model.event import Event
from agent.model.pod import Pod
from agent.pod.facts import PodFacts
from agent.pod.manager import PodManager
from agent.pod.recorder import Recorder
from agent.pod.starter import BackOffLimits
from agent.store.memory import MemoryStore
from tests.support.builders import annotated, pod
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio


class FakeWorker:
    """A worker that runs until it is told to stop; `faults` come first."""

    def __init__(self, pod: Pod, faults: list[Exception]) -> None:
        self.pod = pod
        self.facts = PodFacts(clock=VirtualClock())
        self.faults = faults
        self.stops: list[tuple[Pod, int | None]] = []
        self.killed = False
        self.over = asyncio.Event()
        self.runs = 0

    def stop(self, pod: Pod, grace_seconds: int | None = None) -> None:
        self.pod = pod
        self.stops.append((pod, grace_seconds))
        self.over.set()

    def update(self, pod: Pod) -> None:
        self.pod = pod

    def reconfigure(self, limits: BackOffLimits) -> None:
        """Nothing depends on it."""

    def hasten(self, seconds: int) -> None:
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


async def test_annotations_that_cannot_be_used_become_events() -> None:
    setting = Setting()

    async with setting.manager as manager:
        manager.add(annotated(named("web"), drain_seconds="soon", on_ready="up"))
        manager.delete_all()

    assert [text.split(":")[0] for text in setting.events("InvalidAnnotation")] == [
        "annotation barepod.dev/drain-seconds",
        "annotation barepod.dev/on-ready",
    ]


async def test_those_who_look_on_see_the_facts_of_pods_that_run() -> None:
    setting = Setting()

    async with setting.manager as manager:
        manager.add(named("web"))
        ((pod, facts),) = manager.facts()
        manager.delete_all()

    assert pod.metadata.name == "web"
    assert facts is setting.workers["web"].facts
    assert list(setting.manager.facts()) == []


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
        manager.delete("default", "web", 9)
        manager.delete("default", "web")
        marked = setting.store.get(Pod, "default", "web")

    assert marked is not None
    assert marked.metadata.deletion_grace_period_seconds == 5
    assert marked.metadata.deletion_timestamp is not None
    late = marked.metadata.deletion_timestamp - setting.clock.now()
    assert late.total_seconds() == 5
    assert [grace for _, grace in setting.workers["web"].stops] == [5]
    assert setting.store.get(Pod, "default", "web") is None


async def test_a_second_deletion_shortens_the_grace() -> None:
    setting = Setting()

    async with setting.manager as manager:
        manager.add(named("web"))
        manager.delete("default", "web", 20)
        manager.delete("default", "web", 5)
        marked = setting.store.get(Pod, "default", "web")

    assert marked is not None
    assert marked.metadata.deletion_grace_period_seconds == 5
    assert marked.metadata.deletion_timestamp is not None
    late = marked.metadata.deletion_timestamp - setting.clock.now()
    assert late.total_seconds() == 5
    assert [grace for _, grace in setting.workers["web"].stops] == [20, 5]


async def test_finalizers_keep_what_has_ended_until_they_are_gone() -> None:
    setting = Setting()

    async with setting.manager as manager:
        pod = named("web")
        held = msgspec.structs.replace(pod.metadata, finalizers=("example.org/hold",))
        manager.add(msgspec.structs.replace(pod, metadata=held))
        manager.delete("default", "web", 0)
        manager.update(named("web"))
        await asyncio.sleep(1)
        kept = setting.store.get(Pod, "default", "web")
        assert kept is not None
        assert manager.is_idle

        free = msgspec.structs.replace(kept.metadata, finalizers=())
        setting.store.put(msgspec.structs.replace(kept, metadata=free))
        manager.release("default", "web")
        successor = setting.store.get(Pod, "default", "web")
        manager.delete_all()

    assert successor is not None
    assert successor.metadata.uid != kept.metadata.uid


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
