"""Commands beside a container, and the readiness hooks that use them, on a real node."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.config import Config, Node
from agent.daemon.node import Hooks, open_node
from agent.host import descendants
from agent.manifest.defaults import default_pod
from agent.model.config_data import ConfigMap
from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.pod.manager import PodManager
from agent.store.memory import MemoryStore

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_PATIENCE = 20.0


@asynccontextmanager
async def node(folder: Path, store: MemoryStore) -> AsyncIterator[PodManager]:
    names = ("manifest", "state", "log", "run")
    config = Config(
        node=Node(name="vm", **{f"{name}_dir": str(folder / name) for name in names}),
        env={"FROM_NODE": "yes"},
    )
    hooks = Hooks(follower=lambda *_: None, problem=pytest.fail)
    async with asyncio.timeout(_PATIENCE), open_node(config, store, hooks, None) as node:
        yield node.manager
        node.manager.delete_all()


def pod(script: str, folder: Path, *, on_ready: str, on_not_ready: str, **fields: Any) -> Pod:
    """A pod whose readiness hooks are shell scripts, in `folder`."""
    hooks = {"on-ready": on_ready, "on-not-ready": on_not_ready}
    container = {
        "name": "c",
        "image": "none",
        "command": ["sh", "-c", script],
        "workingDir": str(folder),
        "env": [{"name": "OWN", "value": "mine"}],
        **fields,
    }
    annotations = {
        f"barepod.dev/{name}": json.dumps(["sh", "-c", hook]) for name, hook in hooks.items()
    }
    metadata = {"name": "p", "namespace": "default", "annotations": annotations}
    spec = {
        "containers": [container],
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 2,
    }
    return default_pod(msgspec.convert({"metadata": metadata, "spec": spec}, Pod))


async def until(fact: Callable[[], bool]) -> None:
    while not fact():
        await asyncio.sleep(0.01)


async def test_a_hook_runs_as_the_container_would_and_ends_before_the_pod(tmp_path: Path) -> None:
    told = tmp_path / "told"
    store = MemoryStore()
    async with node(tmp_path, store) as manager:
        manager.add(
            pod(
                "exec sleep 60",
                tmp_path,
                on_ready='echo "ready $OWN $FROM_NODE $(pwd)" >> told',
                on_not_ready="sleep 0.2; echo gone >> told",
            )
        )
        await until(lambda: told.exists() and told.read_text().endswith("\n"))
        first = told.read_text()
        manager.delete("default", "p")
        await until(lambda: store.get(Pod, "default", "p") is None)
        both = told.read_text()

    assert first == f"ready mine yes {tmp_path}\n"
    assert both == f"{first}gone\n"


async def test_the_end_of_a_container_is_told_although_nothing_of_it_runs(tmp_path: Path) -> None:
    store = MemoryStore()
    async with node(tmp_path, store) as manager:
        manager.add(
            pod(
                "while [ ! -e up ]; do sleep 0.05; done",
                tmp_path,
                on_ready="echo > up",
                on_not_ready="echo > down",
            )
        )
        await until((tmp_path / "down").exists)


async def test_a_command_that_fails_is_told_with_its_output(tmp_path: Path) -> None:
    store = MemoryStore()
    async with node(tmp_path, store) as manager:
        manager.add(
            pod("exec sleep 60", tmp_path, on_ready="echo broken; exit 3", on_not_ready="true")
        )
        await until(lambda: any(e.reason == "FailedReadinessHook" for e in store.list(Event)))

    (event,) = (one for one in store.list(Event) if one.reason == "FailedReadinessHook")
    assert event.message == "on-ready hook failed: exit code 3: broken"
    assert event.type == "Warning"
    assert event.involved_object.field_path == "spec.containers{c}"


async def test_nothing_that_a_hook_started_is_left(tmp_path: Path) -> None:
    store = MemoryStore()
    async with node(tmp_path, store) as manager:
        manager.add(
            pod(
                "exec sleep 60",
                tmp_path,
                on_ready="setsid sleep 61 >/dev/null 2>&1 & echo $! > left; exit 0",
                on_not_ready="true",
            )
        )
        left = tmp_path / "left"
        await until(lambda: left.exists() and left.read_text().endswith("\n"))
        pid = int(left.read_text())
        await until(lambda: not descendants.alive([pid]))


async def test_a_hook_that_cannot_run_as_the_container_would_says_so(tmp_path: Path) -> None:
    """The ConfigMap that the container was made from is gone since."""
    values = ConfigMap(metadata=ObjectMeta(name="values", namespace="default"), data={"A": "1"})
    store = MemoryStore()
    store.put(values)
    async with node(tmp_path, store) as manager:
        manager.add(
            pod(
                "echo > started; while [ -e started ]; do sleep 0.05; done",
                tmp_path,
                on_ready="echo > up",
                on_not_ready="echo > down",
                envFrom=[{"configMapRef": {"name": "values"}}],
            )
        )
        await until(lambda: (tmp_path / "started").exists() and (tmp_path / "up").exists())
        store.delete(ConfigMap, "default", "values")
        (tmp_path / "started").unlink()
        await until(lambda: any(e.reason == "FailedReadinessHook" for e in store.list(Event)))

    failed = {one.message for one in store.list(Event) if one.reason == "FailedReadinessHook"}
    assert failed == {
        'on-not-ready hook failed: CreateContainerConfigError: configmap "values" not found'
    }
    assert not (tmp_path / "down").exists()
