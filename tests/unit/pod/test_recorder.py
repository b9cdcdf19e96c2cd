"""Events as a kubelet records them: who, what, where, how often."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.model.event import Event, EventType, Reason
from agent.pod.recorder import Recorder, reference
from agent.store.memory import MemoryStore
from tests.support.builders import container, pod, sidecar
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio


def recorder_of(store: MemoryStore) -> Recorder:
    return Recorder(store, VirtualClock(), "vm-1")


async def test_an_event_says_who_saw_what_happen_to_which_container() -> None:
    store = MemoryStore()
    recorder = recorder_of(store)

    recorder.record(pod(), EventType.NORMAL, Reason.STARTED, "Started container c", container="c")

    (event,) = store.list(Event)
    at = datetime(2025, 6, 1, 12, tzinfo=UTC)
    assert (event.type, event.reason, event.message) == (
        "Normal",
        "Started",
        "Started container c",
    )
    assert (event.source.component, event.source.host) == ("kubelet", "vm-1")
    assert event.involved_object.field_path == "spec.containers{c}"
    assert (event.first_timestamp, event.last_timestamp, event.count) == (at, at, 1)
    assert event.metadata.name.startswith("p.")


async def test_the_scheduler_speaks_for_itself() -> None:
    store = MemoryStore()

    recorder_of(store).record(
        pod(), EventType.NORMAL, Reason.SCHEDULED, "done", component="default-scheduler"
    )

    (event,) = store.list(Event)
    assert event.source.component == event.reporting_component == "default-scheduler"
    assert event.involved_object.field_path == ""


async def test_a_repetition_counts_up_and_keeps_its_first_time() -> None:
    store, clock = MemoryStore(), VirtualClock()
    recorder = Recorder(store, clock, "vm-1")
    for _ in range(3):
        recorder.record(pod(), EventType.WARNING, Reason.BACK_OFF, "again")
        await clock.sleep(7)

    (event,) = store.list(Event)
    assert event.count == 3
    assert event.first_timestamp is not None
    assert event.last_timestamp is not None
    assert (event.last_timestamp - event.first_timestamp).total_seconds() == 14


async def test_events_of_one_moment_have_names_of_their_own() -> None:
    store = MemoryStore()
    recorder = recorder_of(store)

    for number in range(5):
        recorder.record(pod(), EventType.NORMAL, Reason.PULLED, f"event {number}")

    assert len({event.metadata.name for event in store.list(Event)}) == 5


async def test_a_reference_names_the_list_that_the_container_is_in() -> None:
    subject = pod(container("c"), init=(container("i"), sidecar("s")))

    assert reference(subject, "i").field_path == "spec.initContainers{i}"
    assert reference(subject, "s").field_path == "spec.initContainers{s}"
    assert reference(subject, "other").field_path == ""
    assert reference(subject, "").uid == "u"
