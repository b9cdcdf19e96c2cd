"""get and list: selection, order, pages, versions, forms."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.world import CONFIG_MAPS, PODS, World, config_map, manifest, world

pytestmark = pytest.mark.asyncio

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


async def _three(w: World) -> None:
    for name in ("c", "a", "b"):
        await w.ask("POST", CONFIG_MAPS, config_map(name))


def _names(found: dict) -> list[str]:  # type: ignore[type-arg]
    return [item["metadata"]["name"] for item in found["items"]]


async def test_a_list_is_in_order_of_names() -> None:
    async with world() as w:
        await _three(w)
        found = await w.ask("GET", CONFIG_MAPS)

        assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
        assert found["metadata"] == {"resourceVersion": str(w.store.version)}
    assert _names(found) == ["a", "b", "c"]
    assert "kind" not in found["items"][0]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"labelSelector": "app=b"}, ["b"]),
        ({"labelSelector": "app in (a,c)"}, ["a", "c"]),
        ({"labelSelector": "!app"}, []),
        ({"fieldSelector": "metadata.name=c"}, ["c"]),
        ({"fieldSelector": "metadata.name!=c"}, ["a", "b"]),
        ({"fieldSelector": "metadata.name=a", "labelSelector": "app=b"}, []),
    ],
)
async def test_selectors(query: dict[str, str], names: list[str]) -> None:
    async with world() as w:
        await _three(w)
        assert _names(await w.ask("GET", CONFIG_MAPS, query=query)) == names


async def test_an_unknown_field_cannot_be_selected_by() -> None:
    async with world() as w:
        refused = await w.ask("GET", PODS, query={"fieldSelector": "spec.x=y"})

    assert (refused["code"], refused["message"]) == (400, "field label not supported: spec.x")


async def test_pages_show_one_moment() -> None:
    async with world() as w:
        await _three(w)
        first = await w.ask("GET", CONFIG_MAPS, query={"limit": "2"})
        assert first["metadata"]["remainingItemCount"] == 1
        await w.ask("POST", CONFIG_MAPS, config_map("d"))
        token = first["metadata"]["continue"]
        second = await w.ask("GET", CONFIG_MAPS, query={"limit": "2", "continue": token})
        strange = await w.ask("GET", CONFIG_MAPS, query={"continue": "bm9uZQ=="})
        broken = await w.ask("GET", CONFIG_MAPS, query={"continue": "!"})

    assert _names(first) == ["a", "b"]
    assert _names(second) == ["c"]
    assert second["metadata"] == {"resourceVersion": first["metadata"]["resourceVersion"]}
    assert (strange["code"], strange["reason"]) == (410, "Expired")
    assert broken["code"] == 400


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"resourceVersion": "0"}, None),
        ({"resourceVersion": "1", "resourceVersionMatch": "NotOlderThan"}, None),
        ({"resourceVersion": "1", "resourceVersionMatch": "Exact"}, 410),
        ({"resourceVersion": "999999"}, 504),
        ({"resourceVersion": "x"}, 400),
        ({"resourceVersionMatch": "Exact"}, 400),
        ({"resourceVersion": "1", "resourceVersionMatch": "Near"}, 400),
        ({"limit": "many"}, 400),
        ({"limit": "-1"}, 400),
    ],
)
async def test_versions_and_limits(query: dict[str, str], code: int | None) -> None:
    async with world() as w:
        found = await w.ask("GET", CONFIG_MAPS, query=query)

    assert found.get("code") == code


async def test_a_table_of_a_list_and_of_one() -> None:
    async with world() as w:
        await w.ask("POST", PODS, manifest())
        listed = await w.ask("GET", PODS, accept=TABLE)
        one = await w.ask("GET", f"{PODS}/web", accept=TABLE)
        whole = await w.ask("GET", PODS, accept=TABLE, query={"includeObject": "Object"})

    assert [column["name"] for column in listed["columnDefinitions"]][:3] == [
        "Name",
        "Ready",
        "Status",
    ]
    assert listed["kind"] == one["kind"] == "Table"
    assert one["rows"][0]["cells"][0] == "web"
    assert listed["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert whole["rows"][0]["object"]["kind"] == "Pod"


async def test_nothing_but_metadata() -> None:
    async with world() as w:
        await w.ask("POST", PODS, manifest())
        accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        listed = await w.ask("GET", PODS, accept=accept)
        one = await w.ask("GET", f"{PODS}/web", accept=accept.replace("List", ""))

    assert listed["kind"] == "PartialObjectMetadataList"
    assert set(listed["items"][0]) == set(one) == {"kind", "apiVersion", "metadata"}


async def test_what_is_not_there() -> None:
    async with world() as w:
        gone = await w.ask("GET", f"{PODS}/nope")

    assert (gone["code"], gone["message"]) == (404, 'pods "nope" not found')
    assert gone["details"] == {"name": "nope", "kind": "pods"}


@pytest.mark.parametrize("accept", ["", TABLE])
async def test_a_long_list_is_made_in_parts_and_holds_up_nobody(accept: str) -> None:
    async with world() as w:
        for number in range(250):
            await w.ask("POST", CONFIG_MAPS, config_map(f"c{number:03}"))
        turns: list[int] = []

        async def other() -> None:
            while True:
                turns.append(len(turns))
                await asyncio.sleep(0)

        beside = asyncio.ensure_future(other())
        found = await w.ask("GET", CONFIG_MAPS, accept=accept)
        beside.cancel()

    items = found.get("rows", found.get("items"))
    names = [item.get("object", item)["metadata"]["name"] for item in items]
    assert names == [f"c{number:03}" for number in range(250)]
    assert len(turns) >= 2
