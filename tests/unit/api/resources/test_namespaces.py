"""Namespaces: those that are always there, new ones, and their end."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model.event import Event
from agent.model.namespace import Namespace
from tests.support.world import World, config_map, manifest, world

pytestmark = pytest.mark.asyncio

NAMESPACES = "/api/v1/namespaces"
TEAM = f"{NAMESPACES}/team"


async def _team(w: World, **metadata: Any) -> Any:
    return await w.ask("POST", NAMESPACES, {"metadata": {"name": "team", **metadata}})


async def test_some_are_always_there() -> None:
    async with world() as w:
        found = await w.ask("GET", NAMESPACES)
        account = await w.ask("GET", f"{NAMESPACES}/default/serviceaccounts/default")

    names = [item["metadata"]["name"] for item in found["items"]]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    assert account["kind"] == "ServiceAccount"


async def test_a_new_one() -> None:
    async with world() as w:
        made = await _team(w)
        wrong = await w.ask("POST", NAMESPACES, {"metadata": {"name": "a.b"}})

    assert made["status"] == {"phase": "Active"}
    assert made["spec"] == {"finalizers": ["kubernetes"]}
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "team"}
    assert (wrong["code"], wrong["details"]["kind"]) == (422, "Namespace")


async def test_it_ends_with_all_that_is_in_it() -> None:
    async with world() as w:
        await _team(w)
        w.are_stuck = True
        await w.ask("POST", f"{TEAM}/configmaps", config_map())
        await w.ask("POST", f"{TEAM}/pods", manifest())
        ending = await w.ask("DELETE", TEAM)
        assert ending["status"]["phase"] == "Terminating"
        assert (await w.ask("GET", f"{TEAM}/configmaps"))["items"] == []

        late = await w.ask("POST", f"{TEAM}/configmaps", config_map())
        assert (late["code"], late["message"]) == (
            403,
            'configmaps "settings" is forbidden: unable to create new content in namespace team '
            "because it is being terminated",
        )
        assert w.store.get(Namespace, "", "team") is not None
        await w.end("web")
        assert w.store.get(Namespace, "", "team") is None
        assert w.store.list(Event, "team") == ()


async def test_an_empty_one_is_gone_at_once() -> None:
    async with world() as w:
        await _team(w)
        await w.ask("DELETE", TEAM)
        assert (await w.ask("GET", TEAM))["code"] == 404


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_some_stay(name: str) -> None:
    async with world() as w:
        refused = await w.ask("DELETE", f"{NAMESPACES}/{name}")

    assert refused["message"] == (
        f'namespaces "{name}" is forbidden: this namespace may not be deleted'
    )


async def test_an_end_that_was_interrupted_goes_on() -> None:
    async with world() as w:
        await _team(w)
        namespace = w.store.get(Namespace, "", "team")
        assert namespace is not None
        keeper = w.catalogue.namespaces
        from agent.model.api import DeleteOptions

        w.store.put(keeper.removed(namespace, DeleteOptions()))
        keeper.begin()
        assert w.store.get(Namespace, "", "team") is None
