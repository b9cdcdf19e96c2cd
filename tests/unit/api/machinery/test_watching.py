"""Watches: what they begin with, what they see, how they end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agent.api.machinery import watching
from agent.api.machinery.errors import APIError
from agent.model.config_data import ConfigMap
from agent.model.meta import ObjectMeta
from tests.support.world import CONFIG_MAPS, World, config_map, world

pytestmark = pytest.mark.asyncio

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
INITIAL = {
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": "true",
}


async def _next(lines: AsyncIterator[Any]) -> tuple[str, str]:
    event = await anext(lines)
    return event["type"], event["object"]["metadata"].get("name", "")


async def test_a_watch_begins_with_what_is_there() -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map("a"))
        lines = w.lines(CONFIG_MAPS)
        assert await _next(lines) == ("ADDED", "a")
        await w.ask("POST", CONFIG_MAPS, config_map("b"))
        assert await _next(lines) == ("ADDED", "b")
        await w.ask("DELETE", f"{CONFIG_MAPS}/a")
        assert await _next(lines) == ("DELETED", "a")


async def test_a_watch_goes_on_from_a_version() -> None:
    async with world() as w:
        first = await w.ask("POST", CONFIG_MAPS, config_map("a"))
        await w.ask("POST", CONFIG_MAPS, config_map("b"))
        since = {"resourceVersion": first["metadata"]["resourceVersion"]}
        assert await _next(w.lines(CONFIG_MAPS, query=since)) == ("ADDED", "b")


async def test_a_version_from_elsewhere_has_expired() -> None:
    async with world() as w:
        with pytest.raises(APIError) as refused:
            await anext(w.lines(CONFIG_MAPS, query={"resourceVersion": "999999"}))

    status = refused.value.status
    assert (status.code, status.reason) == (410, "Expired")
    assert status.message.startswith("too old resource version: 999999 (")


async def test_what_stops_matching_is_gone_for_the_watcher() -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map("a"))
        lines = w.lines(CONFIG_MAPS, query={"labelSelector": "app=a"})
        assert await _next(lines) == ("ADDED", "a")
        changed = config_map("a")
        changed["metadata"]["labels"] = {"app": "other"}
        await w.ask("PUT", f"{CONFIG_MAPS}/a", changed)
        assert await _next(lines) == ("DELETED", "a")
        await w.ask("PUT", f"{CONFIG_MAPS}/a", config_map("a"))
        assert await _next(lines) == ("ADDED", "a")


async def test_initial_events_end_with_a_bookmark() -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map("a"))
        lines = w.lines(CONFIG_MAPS, query=INITIAL)
        assert await _next(lines) == ("ADDED", "a")
        mark = await anext(lines)
        assert mark["object"]["metadata"]["resourceVersion"] == str(w.store.version)
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["kind"] == "ConfigMap"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_initial_events_need_their_match() -> None:
    async with world() as w:
        with pytest.raises(APIError) as refused:
            await anext(w.lines(CONFIG_MAPS, query={"sendInitialEvents": "true"}))

    assert refused.value.status.code == 422


async def test_bookmarks_come_while_nothing_happens() -> None:
    async with world() as w:
        query = {"allowWatchBookmarks": "true", "timeoutSeconds": "150"}
        kinds = [event["type"] async for event in w.lines(CONFIG_MAPS, query=query)]

    assert kinds == ["BOOKMARK", "BOOKMARK", "BOOKMARK"]


async def test_a_watch_ends_in_time() -> None:
    async with world() as w:
        before = w.clock.monotonic()
        lines = [line async for line in w.lines(CONFIG_MAPS, query={"timeoutSeconds": "7"})]

        assert lines == []
        assert w.clock.monotonic() - before == 7
        assert w.watches.number == 0


async def test_the_first_table_tells_the_columns() -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map("a"))
        lines = w.lines(CONFIG_MAPS, accept=TABLE)
        first = await anext(lines)
        await w.ask("POST", CONFIG_MAPS, config_map("b"))
        second = await anext(lines)

    assert len(first["object"]["columnDefinitions"]) == 3
    assert second["object"]["columnDefinitions"] == []
    assert second["object"]["rows"][0]["cells"][0] == "b"


async def _encodings(w: World, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often an event was encoded for three watchers."""
    written: list[object] = []
    event = watching._Watch.event

    def counted(watch: Any, change: Any, now: Any) -> bytes:
        written.append(change)
        return event(watch, change, now)

    monkeypatch.setattr(watching._Watch, "event", counted)
    watches = [w.lines(CONFIG_MAPS) for _ in range(3)]
    readers = [asyncio.ensure_future(anext(lines)) for lines in watches]
    await w.settle()
    await w.ask("POST", CONFIG_MAPS, config_map("a"))
    found = [await reader for reader in readers]
    assert [json.dumps(one) for one in found] == [json.dumps(found[0])] * 3
    return len(written)


async def test_an_event_is_encoded_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world() as w:
        assert await _encodings(w, monkeypatch) == 1


async def test_a_watch_that_nobody_reads_is_over_when_it_is_closed() -> None:
    async with world() as w:
        answer = await w.answer("GET", CONFIG_MAPS, query={"watch": "1"})
        assert w.watches.number == 1
        assert answer.pieces is not None
        await answer.pieces.aclose()
        assert w.watches.number == 0


async def test_a_slow_watcher_is_told_to_begin_anew() -> None:
    async with world() as w:
        answer = await w.answer("GET", CONFIG_MAPS, query={"watch": "1"})
        assert answer.pieces is not None
        reader = asyncio.ensure_future(anext(aiter(answer.pieces)))
        await w.settle()
        for number in range(1100):  # at a stroke: the reader gets no turn
            w.store.put(ConfigMap(metadata=ObjectMeta(name=f"x{number}", namespace="default")))
        last = json.loads(await reader)
        assert [piece async for piece in answer.pieces] == []

    assert (last["type"], last["object"]["code"]) == ("ERROR", 410)


async def test_the_number_of_watches_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MAX_WATCHES", 1)
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map("a"))
        lines = w.lines(CONFIG_MAPS)
        await anext(lines)
        with pytest.raises(APIError) as refused:
            await anext(w.lines(CONFIG_MAPS))

    assert refused.value.status.code == 429
