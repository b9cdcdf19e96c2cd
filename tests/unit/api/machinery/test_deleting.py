"""delete, deletecollection, eviction: of plain objects and of pods."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.world import CONFIG_MAPS, PODS, World, config_map, manifest, world

pytestmark = pytest.mark.asyncio


async def test_a_plain_object_is_gone_at_once() -> None:
    async with world() as w:
        made = await w.ask("POST", CONFIG_MAPS, config_map())
        ended = await w.ask("DELETE", f"{CONFIG_MAPS}/settings")
        again = await w.ask("DELETE", f"{CONFIG_MAPS}/settings")

    assert ended == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "settings", "kind": "configmaps", "uid": made["metadata"]["uid"]},
    }
    assert again["code"] == 404


@pytest.mark.parametrize(
    ("preconditions", "code"),
    [
        ({"uid": "other"}, 409),
        ({"resourceVersion": "1"}, 409),
    ],
)
async def test_preconditions(preconditions: dict[str, str], code: int) -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map())
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions}
        refused = await w.ask("DELETE", f"{CONFIG_MAPS}/settings", body)
        kept = await w.ask("GET", f"{CONFIG_MAPS}/settings")

    assert (refused["code"], refused["reason"]) == (code, "Conflict")
    assert "Precondition failed: " in refused["message"]
    assert kept["kind"] == "ConfigMap"


@pytest.mark.parametrize("version", ["v1", "policy/v1", "apps/v1"])
async def test_options_are_the_same_in_every_group(version: str) -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map())
        body = {"kind": "DeleteOptions", "apiVersion": version, "propagationPolicy": "Background"}
        ended = await w.ask("DELETE", f"{CONFIG_MAPS}/settings", body)

    assert ended["status"] == "Success"


async def test_a_selected_collection_is_deleted() -> None:
    async with world() as w:
        for name in ("a", "b"):
            await w.ask("POST", CONFIG_MAPS, config_map(name))
        query = {"labelSelector": "app=a"}
        ended = await w.ask("DELETE", CONFIG_MAPS, query=query)
        left = await w.ask("GET", CONFIG_MAPS)

    assert [item["metadata"]["name"] for item in ended["items"]] == ["a"]
    assert [item["metadata"]["name"] for item in left["items"]] == ["b"]


async def test_a_dry_run_deletes_nothing() -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map())
        await w.ask("DELETE", f"{CONFIG_MAPS}/settings", {"dryRun": ["All"]})
        await w.ask("DELETE", CONFIG_MAPS, query={"dryRun": "All"})
        kept = await w.ask("GET", f"{CONFIG_MAPS}/settings")

    assert kept["kind"] == "ConfigMap"


async def _running(w: World, **spec: Any) -> None:
    w.are_stuck = True
    await w.ask("POST", PODS, manifest(**spec))


async def test_a_pod_ends_by_its_grace() -> None:
    async with world() as w:
        await _running(w, terminationGracePeriodSeconds=20)
        ending = await w.ask("DELETE", f"{PODS}/web")

        assert ending["metadata"]["deletionTimestamp"] == "2025-06-01T12:00:20Z"
        assert ending["metadata"]["deletionGracePeriodSeconds"] == 20
        assert w.pod() is not None
        await w.end("web")
        assert w.pod() is None


@pytest.mark.parametrize(
    ("grace", "left"), [(5, 5), (0, 0), (60, 20), (None, 20)], ids=["less", "none", "more", "-"]
)
async def test_a_second_deletion_only_shortens(grace: int | None, left: int) -> None:
    async with world() as w:
        await _running(w, terminationGracePeriodSeconds=20)
        await w.ask("DELETE", f"{PODS}/web")
        body = {} if grace is None else {"gracePeriodSeconds": grace}
        again = await w.ask("DELETE", f"{PODS}/web", body)

    assert again["metadata"]["deletionGracePeriodSeconds"] == left
    assert again["metadata"]["deletionTimestamp"] == f"2025-06-01T12:00:{left:02}Z"


async def test_the_grace_may_be_in_the_query() -> None:
    async with world() as w:
        await _running(w)
        ending = await w.ask("DELETE", f"{PODS}/web", query={"gracePeriodSeconds": "3"})

    assert ending["metadata"]["deletionGracePeriodSeconds"] == 3


async def test_a_pod_that_has_ended_is_gone_at_once() -> None:
    async with world() as w:
        await w.ask("POST", PODS, manifest())
        await w.end("web")
        ended = await w.ask("DELETE", f"{PODS}/web")

        assert ended["kind"] == "Pod"
        assert w.pod() is None


async def test_finalizers_keep_a_pod_that_has_ended() -> None:
    async with world() as w:
        held = manifest()
        held["metadata"]["finalizers"] = ["example.org/hold"]
        await w.ask("POST", PODS, held)
        await w.ask("DELETE", f"{PODS}/web")
        await w.settle()
        assert w.pod() is not None

        body, media = {"metadata": {"finalizers": None}}, "application/merge-patch+json"
        await w.ask("PATCH", f"{PODS}/web", body, media=media)
        assert w.pod() is None


async def test_an_eviction_deletes() -> None:
    async with world() as w:
        await _running(w)
        body = {"kind": "Eviction", "apiVersion": "policy/v1", "metadata": {"name": "web"}}
        evicted = await w.ask("POST", f"{PODS}/web/eviction", body)
        nobody = await w.ask("POST", f"{PODS}/nope/eviction", body)

        pod = w.pod()
        assert pod is not None
        assert pod.metadata.deletion_timestamp is not None
    assert (evicted["status"], evicted["code"]) == ("Success", 201)
    assert nobody["code"] == 404


async def test_an_eviction_means_one_pod() -> None:
    async with world() as w:
        await _running(w)
        options = {"preconditions": {"uid": "other"}}
        body = {"metadata": {"name": "web"}, "deleteOptions": options}
        refused = await w.ask("POST", f"{PODS}/web/eviction", body)

    assert (refused["code"], refused["reason"]) == (409, "Conflict")


async def test_a_pod_of_a_file_comes_back_as_another() -> None:
    async with world() as w:
        await w.ask("POST", PODS, manifest())
        pod = w.pod()
        assert pod is not None
        from agent.rules import mirror

        w.store.put(mirror.marked(pod))
        first = pod.metadata.uid
        await w.ask("DELETE", f"{PODS}/web")
        await w.settle()

        successor = w.pod()
        assert successor is not None
        assert successor.metadata.uid != first
        assert successor.metadata.deletion_timestamp is None
