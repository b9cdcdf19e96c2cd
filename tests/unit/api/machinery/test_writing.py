"""create, replace and patch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.world import CONFIG_MAPS, PODS, config_map, manifest, world

pytestmark = pytest.mark.asyncio


async def test_a_new_object_gets_what_only_the_server_gives() -> None:
    async with world() as w:
        given = config_map(a="1")
        given["metadata"] |= {"uid": "mine", "creationTimestamp": "2001-01-01T00:00:00Z"}
        made = await w.ask("POST", CONFIG_MAPS, given)

    meta = made["metadata"]
    assert (made["kind"], made["apiVersion"]) == ("ConfigMap", "v1")
    assert meta["namespace"] == "default"
    assert meta["creationTimestamp"] == "2025-06-01T12:00:00Z"
    assert meta["uid"] not in ("", "mine")
    assert int(meta["resourceVersion"]) > 0


async def test_kind_and_version_may_be_left_out() -> None:
    async with world() as w:
        made = await w.ask("POST", CONFIG_MAPS, {"metadata": {"name": "x"}})

    assert made["kind"] == "ConfigMap"


async def test_a_taken_name_is_a_conflict() -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map())
        again = await w.ask("POST", CONFIG_MAPS, config_map())

    assert (again["code"], again["reason"]) == (409, "AlreadyExists")
    assert again["message"] == 'configmaps "settings" already exists'
    assert again["details"] == {"name": "settings", "kind": "configmaps"}


async def test_a_name_is_generated() -> None:
    async with world() as w:
        given = {"metadata": {"generateName": "job-"}, "spec": manifest()["spec"]}
        made = await w.ask("POST", PODS, given)
        again = await w.ask("POST", PODS, given)

    assert made["metadata"]["name"].startswith("job-")
    assert len(made["metadata"]["name"]) == len("job-") + 5
    # The dice fall the same way each time here: the client hears of it.
    assert again["reason"] == "AlreadyExists"


@pytest.mark.parametrize(
    ("namespace", "code", "message"),
    [
        ("nowhere", 404, 'namespaces "nowhere" not found'),
        (
            "default",
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ],
)
async def test_an_object_needs_its_namespace(namespace: str, code: int, message: str) -> None:
    async with world() as w:
        given = config_map()
        given["metadata"]["namespace"] = "nowhere"
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        refused = await w.ask("POST", path, given)

    assert (refused["code"], refused["message"]) == (code, message)


async def test_a_dry_run_stores_nothing() -> None:
    async with world() as w:
        made = await w.ask("POST", PODS, manifest(), query={"dryRun": "All"})
        listed = await w.ask("GET", PODS)
        wrong = await w.ask("POST", PODS, manifest(), query={"dryRun": "Some"})

    assert made["spec"]["restartPolicy"] == "Always"
    assert "resourceVersion" not in made["metadata"]
    assert listed["items"] == []
    assert wrong["code"] == 400


@pytest.mark.parametrize(
    ("validation", "code", "warnings"),
    [
        ("Strict", 400, []),
        ("Warn", 201, ['299 - "unknown field \\"datum\\""']),
        ("", 201, ['299 - "unknown field \\"datum\\""']),
        ("Ignore", 201, []),
    ],
)
async def test_unknown_fields(validation: str, code: int, warnings: list[str]) -> None:
    async with world() as w:
        given = {**config_map(), "datum": 1}
        query = {"fieldValidation": validation}
        if code == 400:
            refused = await w.ask("POST", CONFIG_MAPS, given, query=query)
            assert refused["message"] == (
                'ConfigMap in version "v1" cannot be handled as a ConfigMap: '
                'strict decoding error: unknown field "datum"'
            )
            return
        answer = await w.answer("POST", CONFIG_MAPS, given, query=query)

    assert answer.status == code
    assert [value for name, value in answer.headers if name == "Warning"] == warnings


async def test_a_replace_keeps_what_the_server_gave() -> None:
    async with world() as w:
        before = await w.ask("POST", CONFIG_MAPS, config_map(a="1"))
        after = await w.ask("PUT", f"{CONFIG_MAPS}/settings", config_map(a="2"))

    assert after["data"] == {"a": "2"}
    for field in ("uid", "creationTimestamp"):
        assert after["metadata"][field] == before["metadata"][field]
    assert int(after["metadata"]["resourceVersion"]) > int(before["metadata"]["resourceVersion"])


async def test_what_changes_nothing_is_no_change() -> None:
    async with world() as w:
        before = await w.ask("POST", CONFIG_MAPS, config_map(a="1"))
        after = await w.ask("PUT", f"{CONFIG_MAPS}/settings", config_map(a="1"))

    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def _with(**metadata: str) -> dict[str, Any]:
    changed = config_map()
    changed["metadata"] |= metadata
    return changed


@pytest.mark.parametrize(
    ("metadata", "code", "part"),
    [
        ({"resourceVersion": "1"}, 409, "the object has been modified; please apply your changes"),
        ({"uid": "other"}, 409, "Precondition failed: UID in precondition: other"),
        ({"name": "other"}, 400, "the name of the object (other) does not match the name on the U"),
    ],
)
async def test_an_update_must_mean_what_is_there(
    metadata: dict[str, str], code: int, part: str
) -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map())
        refused = await w.ask("PUT", f"{CONFIG_MAPS}/settings", _with(**metadata))

    assert refused["code"] == code
    assert part in refused["message"]


async def test_a_patch_of_each_type() -> None:
    async with world() as w:
        await w.ask("POST", CONFIG_MAPS, config_map(a="1"))
        path = f"{CONFIG_MAPS}/settings"
        merged = await w.ask(
            "PATCH", path, {"data": {"b": "2"}}, media="application/merge-patch+json"
        )
        removed = await w.ask(
            "PATCH",
            path,
            [{"op": "remove", "path": "/data/a"}],
            media="application/json-patch+json",
        )
        strategic = await w.ask(
            "PATCH",
            path,
            {"metadata": {"labels": {"x": "y"}}},
            media="application/strategic-merge-patch+json",
        )
        refused = await w.ask("PATCH", path, {}, media="application/json")

    assert merged["data"] == {"a": "1", "b": "2"}
    assert removed["data"] == {"b": "2"}
    assert strategic["metadata"]["labels"] == {"app": "settings", "x": "y"}
    assert (refused["code"], refused["reason"]) == (415, "UnsupportedMediaType")


async def test_an_apply_makes_what_is_not_there() -> None:
    async with world() as w:
        body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '1'}\n"
        path, media = f"{CONFIG_MAPS}/settings", "application/apply-patch+yaml"
        query = {"fieldManager": "me"}
        made = await w.answer("PATCH", path, body, media=media, query=query)
        again = await w.answer("PATCH", path, body, media=media, query=query)
        nobody = await w.ask("PATCH", path, body, media=media)

    assert (made.status, again.status) == (201, 200)
    assert nobody["code"] == 400


async def test_the_last_finalizer_lets_go() -> None:
    async with world() as w:
        held = config_map()
        held["metadata"]["finalizers"] = ["example.org/hold"]
        await w.ask("POST", CONFIG_MAPS, held)
        ending = await w.ask("DELETE", f"{CONFIG_MAPS}/settings")
        assert ending["metadata"]["deletionTimestamp"] == "2025-06-01T12:00:00Z"
        assert (await w.ask("GET", f"{CONFIG_MAPS}/settings"))["kind"] == "ConfigMap"

        await w.ask("PUT", f"{CONFIG_MAPS}/settings", config_map())
        gone = await w.ask("GET", f"{CONFIG_MAPS}/settings")

    assert gone["message"] == 'configmaps "settings" not found'
