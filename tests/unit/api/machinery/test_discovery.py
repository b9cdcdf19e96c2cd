"""What clients find out about what there is."""

from __future__ import annotations

import pytest

from agent.api.machinery import discovery
from tests.support.world import world

pytestmark = pytest.mark.asyncio

GROUP = "g=apidiscovery.k8s.io"


@pytest.mark.parametrize(
    ("accept", "version"),
    [
        (f"application/json;{GROUP};v=v2;as=APIGroupDiscoveryList,application/json", "v2"),
        (f"application/json;{GROUP};v=v2beta1;as=APIGroupDiscoveryList", "v2beta1"),
        (f"application/json;{GROUP};v=v3;as=APIGroupDiscoveryList,application/json", ""),
        (f"application/json;as=APIGroupDiscoveryList;v=v2;{GROUP};profile=nopeer", "v2"),
        (f"application/json,application/json;{GROUP};v=v2;as=APIGroupDiscoveryList", ""),
        ("", ""),
    ],
)
async def test_which_form_is_wanted(accept: str, version: str) -> None:
    assert discovery.aggregated_version(accept) == version


async def test_everything_of_the_core_in_one_answer() -> None:
    async with world() as w:
        found = discovery.aggregated(w.catalogue.registry, ("",), "v2")

    (core,) = found["items"]
    (version,) = core["versions"]
    pods = next(one for one in version["resources"] if one["resource"] == "pods")
    assert core["metadata"] == {}
    assert pods["scope"] == "Namespaced"
    assert pods["shortNames"] == ["po"]
    assert "deletecollection" in pods["verbs"]
    eviction = next(one for one in pods["subresources"] if one["subresource"] == "eviction")
    assert eviction["responseKind"] == {"group": "policy", "version": "v1", "kind": "Eviction"}


async def test_the_old_form_names_subresources_and_their_groups() -> None:
    async with world() as w:
        found = discovery.resource_list(w.catalogue.registry, "", "v1")

    rows = {row["name"]: row for row in found["resources"]}
    assert found["groupVersion"] == "v1"
    assert (rows["pods/eviction"]["group"], rows["pods/eviction"]["version"]) == ("policy", "v1")
    assert rows["namespaces"]["namespaced"] is False


async def test_groups() -> None:
    async with world() as w:
        found = discovery.group_list(w.catalogue.registry)
        one = discovery.api_group(w.catalogue.registry, "authentication.k8s.io")

    assert "metrics.k8s.io" in [group["name"] for group in found["groups"]]
    assert one["preferredVersion"]["version"] == "v1"
    assert [version["version"] for version in one["versions"]] == ["v1", "v1beta1"]
