"""What is said of fields is said of fields that are there."""

from __future__ import annotations

import json

import pytest

from agent.api.machinery.openapi import documents
from agent.api.machinery.openapi_texts import TEXTS
from agent.model import container, handler, pod
from tests.support.world import world

_LONGEST = 100


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_has_its_field(name: str) -> None:
    model = next(vars(module)[name] for module in (pod, container, handler) if name in vars(module))

    assert set(TEXTS[name]) <= set(model.__struct_fields__)
    for text in TEXTS[name].values():
        assert text.endswith(".")
        assert len(text) <= _LONGEST


@pytest.mark.asyncio
async def test_texts_are_in_the_document() -> None:
    async with world() as w:
        document = json.loads(documents(w.catalogue.registry)["v3/api/v1"].body)

    schemas = document["components"]["schemas"]
    probe = schemas["io.k8s.api.core.v1.Container"]["properties"]["livenessProbe"]
    assert probe["description"] == "The container is restarted when it fails."
    period = schemas["io.k8s.api.core.v1.Probe"]["properties"]["periodSeconds"]
    assert period["description"].endswith("10 by default.")
