"""A new event names its object, its time and its reporter."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.model.container import Container
from agent.model.event import EventType, Reason
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodSpec
from agent.rules import events

POD = Pod(
    metadata=ObjectMeta(name="web", namespace="shop", uid="u-1", resource_version="7"),
    spec=PodSpec(init_containers=(Container(name="i"),), containers=(Container(name="c"),)),
)


def test_an_event_is_named_after_its_object_and_time() -> None:
    assert events.event_name("web", 1748779200000000000) == "web.1844e96abe978000"


def test_a_long_name_leaves_room_for_the_time() -> None:
    name = events.event_name("a" * 235 + "." + "b" * 17, 1748779200000000000)

    assert name == "a" * 235 + ".1844e96abe978000"


def test_a_container_is_referred_to_by_its_place_in_the_pod() -> None:
    paths = [events.reference(POD, name).field_path for name in ("", "c", "i", "ghost")]

    assert paths == ["", "spec.containers{c}", "spec.initContainers{i}", ""]


def test_an_event_is_complete() -> None:
    now = datetime(2025, 6, 1, 12, 0, 0, 999999, tzinfo=UTC)

    event = events.make_event(
        events.reference(POD, "c"),
        EventType.NORMAL,
        Reason.STARTED,
        "Started container c",
        host="vm-1",
        now=now,
        now_ns=0xABC,
    )

    assert (event.metadata.namespace, event.metadata.name) == ("shop", "web.abc")
    assert event.first_timestamp == event.last_timestamp == now.replace(microsecond=0)
    assert (event.source.component, event.source.host) == ("kubelet", "vm-1")
    assert (event.reporting_component, event.reporting_instance) == ("kubelet", "vm-1")
    assert (event.type, event.reason, event.count) == ("Normal", "Started", 1)
    assert event.involved_object.resource_version == "7"


def test_an_object_without_namespace_is_reported_in_default() -> None:
    pod = Pod(metadata=ObjectMeta(name="web"))

    event = events.make_event(
        events.reference(pod),
        EventType.NORMAL,
        Reason.KILLING,
        "",
        host="",
        now=datetime(2025, 6, 1, tzinfo=UTC),
        now_ns=1,
    )

    assert event.metadata.namespace == "default"


def test_container_ids_in_messages_become_names() -> None:
    assert events.without_container_id("exec in 8f3c failed", "8f3c", "web") == "exec in web failed"
    assert events.without_container_id("as it is", "", "web") == "as it is"
