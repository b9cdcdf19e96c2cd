"""Files that hold no object that a server could be asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.api import manifest
from tests.support.client import Client

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


def _with(**metadata: Any) -> str:
    return json.dumps({**manifest(), "metadata": {"name": "web", **metadata}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("[", "is not YAML"),
        ("just text", "an object is expected, not a plain value"),
        ("- 1", "an object is expected, not a list"),
        ("a: 1", "Object 'Kind' is missing"),
        ("kind: Pod", "'apiVersion' is missing"),
        ("kind: Pod\napiVersion: v1\nkind: Pod", 'key "kind" already set on line 1'),
        ("kind: Pod\napiVersion: v1\nmetadata: x", "metadata must be an object"),
        ("kind: Pod\napiVersion: v1\nmetadata: {}", "cannot use generate name with apply"),
        ("kind: Deployment\napiVersion: apps/v1", 'no matches for kind "Deployment"'),
        (_with(name=1), "metadata.name must be a text"),
        (_with(namespace=[]), "metadata.namespace must be a text"),
        (_with(annotations="x"), "metadata.annotations must be a map"),
        (json.dumps({**manifest(), "spec": "x"}), "cannot unmarshal string"),
    ],
)
async def test_apply_says_what_is_wrong(client: Client, text: str, said: str) -> None:
    done = await client.barepod("apply", "-f", "-", stdin=text)

    assert (done.code, done.out) == (1, "")
    assert said in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "spec", ["x", {"containers": "x"}, {"containers": [1]}, {"volumes": {}}, 1]
)
async def test_a_change_to_what_is_no_pod(client: Client, spec: Any) -> None:
    await client.barepod("apply", "-f", "-", stdin=json.dumps(manifest()))

    done = await client.barepod("apply", "-f", "-", stdin=json.dumps({**manifest(), "spec": spec}))

    assert (done.code, done.out) == (1, "")
    assert "Traceback" not in done.err


async def test_what_was_applied_last_was_written_by_hand(client: Client) -> None:
    last = {"kubectl.kubernetes.io/last-applied-configuration": "[]"}
    await client.barepod("create", "-f", "-", stdin=_with(annotations=last))

    done = await client.barepod("apply", "-f", "-", stdin=_with(labels={"a": "b"}))

    assert done.code == 1
    assert done.err.startswith('error: error when creating patch for "STDIN" (pod/web): ')


async def test_a_namespace_that_contradicts_the_option(client: Client) -> None:
    done = await client.barepod("apply", "-n", "team", "-f", "-", stdin=_with(namespace="default"))

    assert done.code == 1
    assert "does not match the namespace" in done.err


async def test_toml_needs_no_kind(client: Client) -> None:
    text = """
    metadata.name = "web"
    [[spec.containers]]
    name = "main"
    image = "x"
    command = ["sleep", "1000"]
    """

    done = await client.barepod("apply", "-f", "-", stdin=text)

    assert (done.code, done.out) == (0, "pod/web created\n"), done.err
