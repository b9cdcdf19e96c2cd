"""The OpenAPI documents: complete, and honest about a bare host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from agent.api.machinery.openapi import documents
from tests.support.world import world

pytestmark = pytest.mark.asyncio


async def _core() -> dict[str, Any]:
    async with world() as w:
        found: dict[str, Any] = json.loads(documents(w.catalogue.registry)["v3/api/v1"].body)
        return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


async def test_every_reference_leads_somewhere() -> None:
    document = await _core()

    schemas = document["components"]["schemas"]
    assert {ref.rpartition("/")[2] for ref in _references(document)} <= set(schemas)


async def test_a_kind_has_a_path_that_says_how_to_write_it() -> None:
    document = await _core()

    patch = document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {
        "group": "",
        "version": "v1",
        "kind": "Pod",
    }
    assert "fieldValidation" in [one["name"] for one in patch["parameters"]]


async def test_what_is_ignored_is_said_to_be() -> None:
    document = await _core()

    spec = document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]
    assert "On a bare host ignored" in spec["hostAliases"]["description"]
    assert "On a bare host refused" in spec["hostPID"]["description"]
    deadline = spec["activeDeadlineSeconds"]
    assert (deadline["type"], deadline["format"]) == ("integer", "int64")
    assert "bare host" not in deadline["description"]


async def test_volumes_and_ports_are_told_of_too() -> None:
    document = await _core()

    schemas = document["components"]["schemas"]
    volume, port, directory = (
        schemas[f"io.k8s.api.core.v1.{name}"]["properties"]
        for name in ("Volume", "ContainerPort", "EmptyDirVolumeSource")
    )
    assert "On a bare host refused" in volume["nfs"]["description"]
    assert "bare host" not in volume["configMap"]["description"]
    assert "On a bare host ignored" in port["hostPort"]["description"]
    assert "On a bare host ignored" in directory["sizeLimit"]["description"]


async def test_a_field_tells_of_its_role_and_its_type_of_itself() -> None:
    document = await _core()

    schemas = document["components"]["schemas"]
    container = schemas["io.k8s.api.core.v1.Container"]["properties"]
    probe = container["livenessProbe"]
    assert probe["description"].startswith("Asks whether the container still works.")
    assert schemas[probe["allOf"][0]["$ref"].rpartition("/")[2]]["description"]
    assert set(probe) == {"allOf", "description"}
    assert set(container["ports"]["items"]) == {"allOf"}


async def test_the_index_tells_each_documents_hash() -> None:
    async with world() as w:
        made = documents(w.catalogue.registry)
        again = documents(w.catalogue.registry)

    index = json.loads(made["v3"].body)["paths"]
    assert made == again
    for name, entry in index.items():
        assert entry["serverRelativeURL"] == f"/openapi/v3/{name}?hash={made[f'v3/{name}'].hash}"


async def test_a_type_names_its_fields_as_clients_do() -> None:
    document = await _core()

    secret = document["components"]["schemas"]["io.k8s.api.core.v1.Secret"]
    assert "stringData is merged" in secret["description"]
