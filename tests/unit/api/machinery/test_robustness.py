"""Whatever clients send, it is their fault: no traceback, no 5xx."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.virtual_loop import VirtualLoop
from tests.support.world import CONFIG_MAPS, PODS, config_map, manifest, world

_STRATEGIC = "application/strategic-merge-patch+json"
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"
_ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, 10**20, "", "x", "a/b", "\ufffd", [], {}, [None], [{}], {"a": None}]
)
_KEYS = st.sampled_from(
    ["foo", "name", "metadata", "kind", "$patch", "$retainKeys", "$setElementOrder/containers"]
)
#: (where, as a share of all places; what to do there; with which name; with which value)
_CHANGES = st.lists(
    st.tuples(st.floats(0, 0.999), st.sampled_from(["put", "drop", "add"]), _KEYS, _ODD),
    min_size=1,
    max_size=3,
)


def _full() -> dict[str, Any]:
    """A pod with something of most things."""
    pod = manifest(
        initContainers=[{"name": "i", "image": "x", "command": ["a"]}],
        volumes=[
            {"name": "v", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "c", "configMap": {"name": "c", "items": [{"key": "a", "path": "b"}]}},
        ],
        tolerations=[{"key": "a", "operator": "Exists", "effect": "NoExecute"}],
        securityContext={"runAsUser": 5, "sysctls": [{"name": "a.b", "value": "c"}]},
    )
    pod["spec"]["containers"][0] |= {
        "ports": [{"containerPort": 80, "name": "http"}],
        "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "100m"}},
        "livenessProbe": {"httpGet": {"port": "http", "path": "/"}, "periodSeconds": 3},
        "lifecycle": {"preStop": {"exec": {"command": ["a"]}}},
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }
    return pod


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and item, with what holds it."""
    keys: Any = ()
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = range(len(value))
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _changed(base: dict[str, Any], changes: list[tuple[float, str, str, Any]]) -> dict[str, Any]:
    result = copy.deepcopy(base)
    for share, what, name, odd in changes:
        places = list(_places(result))
        if not places:
            break
        holder, key = places[int(share * len(places))]
        if what == "drop":
            del holder[key]
        elif what == "add" and isinstance(holder, dict):
            holder[name] = copy.deepcopy(odd)
        else:
            holder[key] = copy.deepcopy(odd)
    return result


@pytest.mark.parametrize(
    ("method", "path", "media"),
    [
        ("POST", PODS, "application/json"),
        ("POST", PODS, "application/yaml"),
        ("PUT", f"{PODS}/web", "application/json"),
        ("PATCH", f"{PODS}/web", _STRATEGIC),
        ("PATCH", f"{PODS}/web", _MERGE),
        ("PATCH", f"{PODS}/web", _APPLY),
        ("PATCH", f"{PODS}/web/status", _STRATEGIC),
        ("POST", CONFIG_MAPS, "application/json"),
    ],
)
@settings(max_examples=40)
@given(changes=_CHANGES)
def test_what_makes_no_sense(
    method: str, path: str, media: str, changes: list[tuple[float, str, str, Any]]
) -> None:
    base = _full() if path.startswith(PODS) else config_map(a="1")
    body = _changed(base, changes)

    async def ask() -> Any:
        async with world() as w:
            if method != "POST":
                await w.ask("POST", PODS, _full())
            return await w.ask(method, path, body, media=media, query={"fieldManager": "me"})

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        answer = runner.run(ask())
    assert answer.get("code", 200) < 500
    assert answer["kind"] in ("Pod", "ConfigMap", "Status")
