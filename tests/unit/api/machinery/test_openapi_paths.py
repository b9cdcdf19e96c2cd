"""What may be asked of a kind is told whole: parameters, bodies, answers."""

from __future__ import annotations

from typing import Any

import pytest

from agent.api.machinery.openapi_paths import paths
from tests.support.world import world

pytestmark = pytest.mark.asyncio

_POD, _META, _STATUS = ({"$ref": f"#/{name}"} for name in ("pod", "meta", "status"))


async def _found(plural: str) -> dict[str, Any]:
    async with world() as w:
        resources = w.catalogue.registry.of("", "v1")
        resource = next(one for one in resources if one.plural == plural)
        return paths(resource, _POD, _META, _STATUS)


async def test_what_stands_in_a_path_is_declared() -> None:
    for plural in ("pods", "namespaces"):
        for path, item in (await _found(plural)).items():
            declared = [one["name"] for one in item["parameters"]]
            assert [name for name in ("namespace", "name") if f"{{{name}}}" in path] == declared


async def test_a_list_is_a_list_and_a_new_object_is_created() -> None:
    item = (await _found("pods"))["/api/v1/namespaces/{namespace}/pods"]

    listed = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert listed["properties"]["items"] == {"type": "array", "items": _POD}
    assert item["post"]["requestBody"]["content"] == {"application/json": {"schema": _POD}}
    assert set(item["post"]["responses"]) == {"201", "default"}


async def test_kubectl_is_left_to_merge_lists_as_it_knows() -> None:
    item = (await _found("pods"))["/api/v1/namespaces/{namespace}/pods/{name}"]

    assert set(item["patch"]["requestBody"]["content"]) == {"application/merge-patch+json"}
    assert "fieldValidation" in [one["name"] for one in item["patch"]["parameters"]]
