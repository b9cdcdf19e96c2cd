"""What is put can be read back, watched and removed; versions grow."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.config_data import ConfigMap
from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.store.events import EventBounds
from agent.store.interface import Conflict, Store
from agent.store.memory import Change, ChangeType, MemoryStore
from agent.store.watch import Subscription


def pod(name: str, **labels: str) -> Pod:
    return Pod(metadata=ObjectMeta(name=name, namespace="default", labels=labels))


def test_what_is_put_comes_back_with_a_resource_version() -> None:
    store = MemoryStore()

    stored = store.put(pod("a"))

    assert store.get(Pod, "default", "a") == stored
    assert stored.metadata.resource_version == "1"


@pytest.mark.asyncio
async def test_a_store_without_a_journal_lets_nobody_wait() -> None:
    store: Store = MemoryStore()
    store.put(pod("a"))

    assert await store.durable()
    assert store.trouble == ""


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
    gone = store.delete(Pod, "default", "a")

    assert gone is not None
    assert gone.metadata.resource_version == "4"
    assert seen == [
        Change(ChangeType.ADDED, first, 2),
        Change(ChangeType.MODIFIED, second, 3, first),
        Change(ChangeType.DELETED, gone, 4, second),
    ]


def test_a_watcher_that_writes_is_heard_after_all_have_heard_of_what_it_saw() -> None:
    store, seen = MemoryStore(), list[str]()

    def write(change: Change) -> None:
        if change.object.metadata.name == "a":
            store.put(pod("b"))

    store.watch(write)
    store.watch(lambda change: seen.append(change.object.metadata.name))

    store.put(pod("a"))

    assert seen == ["a", "b"]


def test_a_watcher_that_fails_keeps_nobody_from_seeing() -> None:
    store, seen = MemoryStore(), list[Change]()

    def fail(change: Change) -> None:
        raise ValueError("no")

    store.watch(fail)
    store.watch(seen.append)

    with pytest.raises(ValueError, match="no"):
        store.put(pod("a"))
    with pytest.raises(ValueError, match="no"):
        store.put(pod("b"))

    assert [change.object.metadata.name for change in seen] == ["a", "b"]


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


def test_a_write_that_expects_another_version_writes_nothing() -> None:
    store, seen = MemoryStore(), list[Change]()
    first = store.put(pod("a"))
    second = store.put(pod("a", x="y"))
    store.watch(seen.append)

    stale = int(first.metadata.resource_version)
    newest = int(second.metadata.resource_version)

    assert store.put(pod("a"), expected_version=stale) == Conflict(stale, newest)
    assert store.delete(Pod, "default", "a", expected_version=stale) == Conflict(stale, newest)
    assert store.get(Pod, "default", "a") == second
    assert (seen, store.version) == ([], newest)


def test_a_write_that_expects_the_right_version_is_done() -> None:
    store = MemoryStore()
    first = store.put(pod("a"), expected_version=0)
    assert isinstance(first, Pod)

    second = store.put(pod("a"), expected_version=int(first.metadata.resource_version))
    assert isinstance(second, Pod)
    gone = store.delete(Pod, "default", "a", expected_version=int(second.metadata.resource_version))

    assert isinstance(gone, Pod)
    assert store.list(Pod) == ()


def test_creating_what_exists_is_a_conflict() -> None:
    store = MemoryStore()
    store.put(pod("a"))

    assert store.put(pod("a"), expected_version=0) == Conflict(0, 1)


def test_an_update_edits_the_newest() -> None:
    store = MemoryStore()
    store.put(pod("a", x="y"))

    def label(found: Pod) -> Pod:
        labels = {**found.metadata.labels, "z": "1"}
        metadata = msgspec.structs.replace(found.metadata, labels=labels)
        return msgspec.structs.replace(found, metadata=metadata)

    updated = store.update(Pod, "default", "a", label)

    assert updated is not None
    assert updated.metadata.labels == {"x": "y", "z": "1"}
    assert store.update(Pod, "default", "ghost", label) is None


def test_a_list_of_one_namespace_has_nothing_of_others() -> None:
    store = MemoryStore()
    store.put(Pod(metadata=ObjectMeta(name="a", namespace="one")))
    store.put(Pod(metadata=ObjectMeta(name="b", namespace="two")))

    assert [obj.metadata.name for obj in store.list(Pod, "two")] == ["b"]


def test_events_go_when_they_are_too_old() -> None:
    now = 0.0
    store = MemoryStore(monotonic=lambda: now, events=EventBounds(ttl=10))
    store.put(event("old"))
    now = 5.0
    store.put(event("young"))

    now = 10.0
    due = store.expire()

    assert [obj.metadata.name for obj in store.list(Event)] == ["young"]
    assert due == 15.0


def test_the_oldest_events_go_when_there_are_too_many() -> None:
    store, seen = MemoryStore(events=EventBounds(limit=2)), list[Change]()
    store.watch(seen.append)

    for name in ("a", "b", "a", "c"):
        store.put(event(name))

    assert [obj.metadata.name for obj in store.list(Event)] == ["a", "c"]
    assert (seen[-1].type, seen[-1].object.metadata.name) == (ChangeType.DELETED, "b")


def event(name: str) -> Event:
    return Event(metadata=ObjectMeta(name=name, namespace="default"))


NAMES = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(st.tuples(st.sampled_from(["put", "delete"]), NAMES, st.integers(0, 3)))


def do(store: MemoryStore, step: tuple[str, str, int]) -> None:
    verb, name, value = step
    if verb == "put":
        store.put(pod(name, value=str(value)))
    else:
        store.delete(Pod, "default", name)


@given(before=STEPS, after=STEPS)
def test_a_replay_is_what_was_seen_live(
    before: list[tuple[str, str, int]], after: list[tuple[str, str, int]]
) -> None:
    store, live = MemoryStore(), list[Change]()
    store.put(pod("first"))
    for step in before:
        do(store, step)
    start = store.version
    store.watch(live.append)
    for step in after:
        do(store, step)

    replay = store.subscribe(Pod, since=start)

    assert isinstance(replay, Subscription)
    assert list(replay.backlog) == live


@given(steps=STEPS)
def test_what_watchers_see_leads_to_what_is_there(steps: list[tuple[str, str, int]]) -> None:
    store = MemoryStore()
    mirror: dict[str, Pod] = {}
    versions: list[int] = []

    def follow(change: Change) -> None:
        assert isinstance(change.object, Pod)
        name = change.object.metadata.name
        assert (change.type is ChangeType.ADDED) == (name not in mirror)
        assert change.before == mirror.get(name)
        versions.append(change.version)
        if change.type is ChangeType.DELETED:
            del mirror[name]
        else:
            mirror[name] = change.object

    store.watch(follow)
    for step in steps:
        do(store, step)

    assert mirror == {obj.metadata.name: obj for obj in store.list(Pod)}
    assert versions == sorted(set(versions))
