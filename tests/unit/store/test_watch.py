"""Subscriptions: where they begin, what a selector lets through, and how slow one may be."""

from __future__ import annotations

import asyncio

import pytest

from agent.model.config_data import ConfigMap
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.store.interface import Change, ChangeType, Expired, Stored
from agent.store.memory import MemoryStore
from agent.store.watch import HISTORY, History, Subscription

ADDED, MODIFIED, DELETED = ChangeType.ADDED, ChangeType.MODIFIED, ChangeType.DELETED


def pod(name: str, namespace: str = "default", **labels: str) -> Pod:
    return Pod(metadata=ObjectMeta(name=name, namespace=namespace, labels=labels))


def is_web(obj: Stored) -> bool:
    return obj.metadata.labels.get("app") == "web"


def subscribed(found: Subscription | Expired) -> Subscription:
    assert isinstance(found, Subscription)
    return found


def short(changes: tuple[Change, ...]) -> list[tuple[ChangeType, str]]:
    return [(change.type, change.object.metadata.name) for change in changes]


@pytest.mark.asyncio
async def test_a_watch_from_zero_begins_with_all_that_is_there() -> None:
    store = MemoryStore()
    for name in ("a", "b"):
        store.put(pod(name))
    store.delete(Pod, "default", "a")
    store.put(pod("c", "other"))

    watch = subscribed(store.subscribe(Pod, namespace="default"))
    store.put(pod("d"))

    assert short(watch.backlog) == [(ADDED, "b")]
    assert watch.start_version == 4
    assert short(await watch.batch()) == [(ADDED, "d")]


@pytest.mark.asyncio
async def test_a_watch_from_a_version_begins_with_what_happened_since() -> None:
    store = MemoryStore()
    since = int(store.put(pod("a")).metadata.resource_version)
    store.put(pod("b"))
    store.put(pod("a", x="y"))
    store.delete(Pod, "default", "b")

    watch = subscribed(store.subscribe(Pod, since=since))

    assert short(watch.backlog) == [(ADDED, "b"), (MODIFIED, "a"), (DELETED, "b")]


def test_a_version_whose_successors_are_forgotten_has_expired() -> None:
    history = History(100, limit=2)
    for version in (101, 105, 109):
        history.add(Change(ADDED, pod("a"), version))

    assert history.after(100) == Expired(100, 101)
    found = history.after(101)
    assert isinstance(found, list)
    assert [change.version for change in found] == [105, 109]
    assert history.after(109) == []


def test_a_version_that_was_never_given_out_has_expired() -> None:
    store = MemoryStore()
    store.put(pod("a"))

    expired = store.subscribe(Pod, since=7)

    assert expired == Expired(7, 0)
    assert isinstance(expired, Expired)
    assert expired.message == "too old resource version: 7 (0)"


def test_the_history_is_bounded() -> None:
    store = MemoryStore()
    for _ in range(HISTORY + 10):
        store.put(pod("a"))

    assert isinstance(store.subscribe(Pod, since=9), Expired)
    assert isinstance(store.subscribe(Pod, since=10), Subscription)


@pytest.mark.asyncio
async def test_what_starts_to_match_is_added_and_what_stops_is_deleted() -> None:
    store = MemoryStore()
    store.put(pod("a"))
    watch = subscribed(store.subscribe(Pod, matches=is_web))

    store.put(pod("a", app="web"))
    store.put(pod("a", app="web", x="y"))
    store.put(pod("a", app="db"))
    store.put(pod("a", app="db", x="y"))
    store.delete(Pod, "default", "a")

    seen = await watch.batch()
    assert short(seen) == [(ADDED, "a"), (MODIFIED, "a"), (DELETED, "a")]
    assert seen[-1].object.metadata.labels == {"app": "web", "x": "y"}
    assert seen[-1].object.metadata.resource_version == str(seen[-1].version) == "4"


@pytest.mark.asyncio
async def test_other_kinds_are_not_seen() -> None:
    store = MemoryStore()
    watch = subscribed(store.subscribe(Pod))

    store.put(ConfigMap(metadata=ObjectMeta(name="c", namespace="default")))
    store.put(pod("a"))

    assert short(await watch.batch()) == [(ADDED, "a")]


@pytest.mark.asyncio
async def test_a_reader_waits_for_changes_and_ends_when_closed() -> None:
    store = MemoryStore()
    seen: list[str] = []

    with subscribed(store.subscribe(Pod)) as watch:

        async def read() -> None:
            async for change in watch:
                seen.append(change.object.metadata.name)

        async with asyncio.TaskGroup() as group:
            group.create_task(read())
            await asyncio.sleep(1)
            store.put(pod("a"))
            store.put(pod("b"))
            await asyncio.sleep(1)
            store.put(pod("c"))
            watch.close()

    store.put(pod("d"))
    assert seen == ["a", "b", "c"]
    assert await watch.batch() == ()


@pytest.mark.asyncio
async def test_a_slow_reader_is_dropped_and_holds_nobody_up() -> None:
    store = MemoryStore()
    slow = subscribed(store.subscribe(Pod, limit=2))
    quick = subscribed(store.subscribe(Pod))

    for name in "abc":
        store.put(pod(name))

    assert slow.is_dropped
    assert await slow.batch() == ()
    assert len(await quick.batch()) == 3
    assert not quick.is_dropped


@pytest.mark.asyncio
async def test_a_bookmark_never_runs_ahead_of_what_was_taken() -> None:
    store = MemoryStore()
    watch = subscribed(store.subscribe(Pod, namespace="default"))

    store.put(pod("a"))
    store.put(pod("b"))
    store.put(pod("c", "other"))
    assert watch.version == 0
    await anext(watch)
    assert watch.version == 1
    await anext(watch)

    assert watch.version == 3


def test_a_watch_that_begins_amid_the_telling_sees_nothing_twice() -> None:
    store = MemoryStore()
    watches: list[Subscription] = []

    def begin(change: Change) -> None:
        if change.object.metadata.name == "a":
            store.put(pod("b"))
            watches.append(subscribed(store.subscribe(Pod)))

    store.watch(begin)
    store.put(pod("a"))

    (watch,) = watches
    assert short(watch.backlog) == [(ADDED, "a"), (ADDED, "b")]
    assert watch.version == 2
