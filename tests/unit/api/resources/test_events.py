"""The same events under two names."""

from __future__ import annotations

import pytest

from tests.support.world import PODS, manifest, world

pytestmark = pytest.mark.asyncio

CORE = "/api/v1/namespaces/default/events"
NEW = "/apis/events.k8s.io/v1/namespaces/default/events"


async def test_events_of_a_pod_are_found_under_both() -> None:
    async with world() as w:
        await w.ask("POST", PODS, manifest())
        core = await w.ask("GET", CORE, query={"fieldSelector": "involvedObject.name=web"})
        new = await w.ask("GET", NEW, query={"fieldSelector": "regarding.name=web"})
        none = await w.ask("GET", NEW, query={"fieldSelector": "regarding.name=db"})

    (one,) = core["items"]
    (other,) = new["items"]
    assert new["apiVersion"] == "events.k8s.io/v1"
    assert other["note"] == one["message"]
    assert other["regarding"] == one["involvedObject"]
    assert other["metadata"] == one["metadata"]
    assert none["items"] == []


async def test_whole_events_in_a_table() -> None:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    async with world() as w:
        await w.ask("POST", PODS, manifest())
        found = await w.ask("GET", NEW, accept=accept, query={"includeObject": "Object"})

    (row,) = found["rows"]
    assert row["cells"][3] == "pod/web"
    assert row["object"]["apiVersion"] == "events.k8s.io/v1"
    assert row["object"]["regarding"]["name"] == "web"


async def test_an_event_written_under_one_is_read_under_the_other() -> None:
    given = {
        "metadata": {"name": "e"},
        "regarding": {"kind": "Pod", "name": "web"},
        "note": "hello",
        "reason": "Because",
        "type": "Normal",
        "eventTime": "2025-06-01T12:00:00.000000Z",
        "reportingController": "me",
    }
    async with world() as w:
        made = await w.ask("POST", NEW, given)
        core = await w.ask("GET", f"{CORE}/e")

    assert made["note"] == core["message"] == "hello"
    # Go reads a MicroTime with six decimals or not at all.
    assert made["eventTime"] == core["eventTime"] == "2025-06-01T12:00:00.000000Z"
    assert core["reportingComponent"] == "me"
