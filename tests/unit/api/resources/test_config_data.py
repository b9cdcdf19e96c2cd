"""ConfigMaps and Secrets."""

from __future__ import annotations

import pytest

from tests.support.world import CONFIG_MAPS, config_map, world

pytestmark = pytest.mark.asyncio

SECRETS = "/api/v1/namespaces/default/secrets"


async def test_plain_text_of_a_secret_becomes_data() -> None:
    async with world() as w:
        given = {"metadata": {"name": "s"}, "data": {"a": "eA=="}, "stringData": {"b": "y"}}
        made = await w.ask("POST", SECRETS, given)

    assert made["data"] == {"a": "eA==", "b": "eQ=="}
    assert made["type"] == "Opaque"
    assert "stringData" not in made


async def test_what_is_immutable_stays() -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, {**config_map(a="1"), "immutable": True})
        refused = await w.ask("PUT", f"{CONFIG_MAPS}/settings", config_map(a="2"))
        labelled = config_map(a="1")
        labelled |= {"immutable": True}
        labelled["metadata"]["labels"] = {"x": "y"}
        allowed = await w.ask("PUT", f"{CONFIG_MAPS}/settings", labelled)

    fields = [cause["field"] for cause in refused["details"]["causes"]]
    assert (refused["code"], fields) == (422, ["immutable", "data"])
    assert allowed["metadata"]["labels"] == {"x": "y"}


@pytest.mark.parametrize("data", [{"bad key": "x"}, {"a": "!"}])
async def test_an_invalid_secret(data: dict[str, str]) -> None:
    async with world() as w:
        refused = await w.ask("POST", SECRETS, {"metadata": {"name": "s"}, "data": data})

    assert refused["code"] in (400, 422)
