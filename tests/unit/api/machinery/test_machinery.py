"""One request in, one answer out."""

from __future__ import annotations

import pytest

from agent.api.machinery.machinery import warning
from tests.support.world import CONFIG_MAPS, PODS, config_map, world

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("plain", '299 - "plain"'),
        ('say "hi" \\ bye', '299 - "say \\"hi\\" \\\\ bye"'),
        ("two\nlines\r\nX: y", '299 - "two lines  X: y"'),
    ],
)
async def test_a_warning_is_one_header(text: str, header: str) -> None:
    assert warning(text) == header


async def test_answers_are_laid_out_for_people() -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map())
        bodies = {
            (agent, pretty): (
                await w.answer(
                    "GET",
                    CONFIG_MAPS,
                    agent=agent,
                    query={} if pretty is None else {"pretty": pretty},
                )
            ).body
            for agent in ("curl/8", "kubectl/v1.32")
            for pretty in (None, "true", "false")
        }

    laid_out = {key for key, body in bodies.items() if b"\n" in body}
    assert laid_out == {("curl/8", None), ("curl/8", "true"), ("kubectl/v1.32", "true")}


async def test_yaml_for_who_asks_for_it() -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map(a="1"))
        answer = await w.answer("GET", f"{CONFIG_MAPS}/settings", accept="application/yaml")

    assert answer.content_type == "application/yaml"
    assert answer.body.startswith(b"apiVersion: v1\nkind: ConfigMap\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods"),
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        ("GET", f"{PODS}/web/eviction"),
        ("DELETE", f"{PODS}/web/status"),
    ],
)
async def test_not_every_kind_can_everything(method: str, path: str) -> None:
    async with world() as w:
        refused = await w.ask(method, path, {} if method == "POST" else None)

    assert (refused["code"], refused["reason"]) == (405, "MethodNotAllowed")


async def test_what_of_a_row_may_be_asked_for() -> None:
    async with world() as w:
        refused = await w.ask("GET", PODS, query={"includeObject": "Half"})

    assert refused["code"] == 400
