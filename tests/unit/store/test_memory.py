"""What is put can be read back, watched and removed; versions grow."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.model.config_data import ConfigMap
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.store.memory import Change, ChangeType, MemoryStore


def pod(name: str, **labels: str) -> Pod:
    return Pod(metadata=ObjectMeta(name=name, namespace="default", labels=labels))


def test_what_is_put_comes_back_with_a_resource_version() -> None:
    store = MemoryStore()

    stored = store.put(pod("a"))

    assert store.get(Pod, "default", "a") == stored
    assert stored.metadata.resource_version == "1"


def test_versions_grow_over_all_objects() -> None:
    store = MemoryStore()

    versions = [store.put(pod(name)).metadata.resource_version for name in ("a", "b", "a")]

    assert versions == ["1", "2", "3"]


def test_watchers_see_changes_in_order() -> None:
    store, seen = MemoryStore(), list[Change]()
    store.put(pod("before"))
    store.watch(seen.append)

    first = store.put(pod("a"))
    second = store.put(pod("a", x="y"))
    store.delete(Pod, "default", "a")

    assert seen == [
        Change(ChangeType.ADDED, first),
        Change(ChangeType.MODIFIED, second),
        Change(ChangeType.DELETED, second),
    ]


def test_a_watcher_that_stopped_sees_nothing_more() -> None:
    store, seen = MemoryStore(), list[Change]()
    stop = store.watch(seen.append)

    stop()
    store.put(pod("a"))

    assert seen == []


def test_kinds_do_not_mix() -> None:
    store = MemoryStore()
    store.put(pod("same"))
    store.put(ConfigMap(metadata=ObjectMeta(name="same", namespace="default")))

    assert [obj.metadata.name for obj in store.list(Pod)] == ["same"]
    assert store.get(ConfigMap, "default", "same") is not None


def test_deleting_what_is_not_there_tells_nobody() -> None:
    store, seen = MemoryStore(), list[Change]()
    store.watch(seen.append)

    store.delete(Pod, "default", "ghost")

    assert seen == []


def test_a_replaced_object_keeps_its_uid_and_its_time_of_creation() -> None:
    store = MemoryStore()
    born, later = datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 2, tzinfo=UTC)

    def put(uid: str, created: datetime) -> Pod:
        metadata = ObjectMeta(name="a", namespace="default", uid=uid, creation_timestamp=created)
        return store.put(Pod(metadata=metadata))

    put("first", born)
    stored = put("second", later)

    assert (stored.metadata.uid, stored.metadata.creation_timestamp) == ("first", born)
