"""A node whose ConfigMaps and Secrets come and change while a pod uses them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.config import Config, Node
from agent.daemon.node import Hooks, open_node
from agent.manifest.defaults import default_pod
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.pod.manager import PodManager
from agent.store.memory import MemoryStore
from tests.support.children import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs a mount namespace"),
]
_PATIENCE = 20.0


class RealNode:
    """A node that runs pod `default/p`, whose only volume appears at `target`."""

    def __init__(self, folder: Path, manager: PodManager, store: MemoryStore) -> None:
        self.target = folder / "target"
        self.store = store
        self._manager = manager

    def run(self, script: str, volume: dict[str, Any]) -> None:
        """Run a shell script that may use the volume."""
        container = {
            "name": "c",
            "image": "none",
            "command": ["sh", "-c", script],
            "volumeMounts": [{"name": "v", "mountPath": str(self.target)}],
        }
        spec = {
            "containers": [container],
            "volumes": [{"name": "v", **volume}],
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
        }
        metadata = {"name": "p", "namespace": "default"}
        pod = msgspec.convert({"metadata": metadata, "spec": spec}, Pod)
        self._manager.add(default_pod(pod))

    def has_phase(self, phase: str) -> Callable[[], bool]:
        """Whether the pod has got there."""
        return lambda: self._pod().status.phase == phase

    def failures(self) -> list[str]:
        """The events that tell of volumes."""
        return [event.message for event in self.store.list(Event) if event.reason == "FailedMount"]

    def waiting_reason(self) -> str:
        """Why the container waits."""
        (status,) = self._pod().status.container_statuses
        return status.state.waiting.reason if status.state.waiting is not None else ""

    def _pod(self) -> Pod:
        pod = self.store.get(Pod, "default", "p")
        assert pod is not None
        return pod


@asynccontextmanager
async def node(folder: Path) -> AsyncIterator[RealNode]:
    """A node with its files in `folder`; its pods end with it."""
    config = Config(
        node=Node(
            name="n",
            manifest_dir=str(folder),
            state_dir=str(folder / "state"),
            log_dir=str(folder / "logs"),
            run_dir=str(folder / "run"),
        )
    )
    store = MemoryStore()
    hooks = Hooks(follower=lambda _pod, _name: None, problem=pytest.fail, signals={})
    async with asyncio.timeout(_PATIENCE), open_node(config, store, hooks, None) as node:
        yield RealNode(folder, node.manager, store)
        node.manager.delete_all()


def config_map(namespace: str = "default", **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name="cfg", namespace=namespace), data=data)


def secret(**data: str) -> Secret:
    return Secret(metadata=ObjectMeta(name="sec", namespace="default"), string_data=data)


async def test_a_pod_waits_for_its_config_map_and_starts_when_it_appears(tmp_path: Path) -> None:
    async with node(tmp_path) as here:
        here.run(f"cp {here.target}/a {tmp_path}/copy", {"configMap": {"name": "cfg"}})
        await until(lambda: bool(here.failures()))
        assert here.failures() == [
            'MountVolume.SetUp failed for volume "v" : configmap "cfg" not found'
        ]
        assert here.waiting_reason() == "ContainerCreating"
        assert here.has_phase("Pending")()

        here.store.put(config_map("other", a="wrong"))
        here.store.put(config_map(a="text"))
        await until(here.has_phase("Succeeded"))

        assert (tmp_path / "copy").read_text() == "text"


async def test_a_secret_that_lacks_a_key_is_tried_again_when_it_changes(tmp_path: Path) -> None:
    volume = {"secret": {"secretName": "sec", "items": [{"key": "k", "path": "p"}]}}
    async with node(tmp_path) as here:
        here.store.put(secret(other="x"))
        here.run(f"cp {here.target}/p {tmp_path}/copy", volume)
        await until(lambda: bool(here.failures()))
        assert here.failures() == [
            'MountVolume.SetUp failed for volume "v" : references non-existent secret key: k'
        ]

        here.store.put(secret(k="text"))
        await until(here.has_phase("Succeeded"))

        assert (tmp_path / "copy").read_text() == "text"


async def test_a_running_container_sees_a_config_map_change_as_one(tmp_path: Path) -> None:
    async with node(tmp_path) as here:
        here.store.put(config_map(a="1", old="1"))
        script = (
            f"while ! test -e {here.target}/new; do :; done; ls {here.target}; cat {here.target}/a"
        )
        here.run(f"({script}) > {tmp_path}/seen", {"configMap": {"name": "cfg"}})
        await until(here.has_phase("Running"))

        here.store.put(config_map(a="2", new="2"))
        await until(here.has_phase("Succeeded"))

        assert (tmp_path / "seen").read_text().split() == ["a", "new", "2"]


async def test_a_change_that_cannot_be_made_leaves_the_container_what_it_has(
    tmp_path: Path,
) -> None:
    volume = {"configMap": {"name": "cfg", "items": [{"key": "a", "path": "a"}]}}
    async with node(tmp_path) as here:
        here.store.put(config_map(a="1"))
        script = f"while ! test -e {tmp_path}/go; do :; done; cat {here.target}/a > {tmp_path}/seen"
        here.run(script, volume)
        await until(here.has_phase("Running"))

        here.store.put(config_map(b="2"))
        await until(lambda: bool(here.failures()))
        (tmp_path / "go").touch()
        await until(here.has_phase("Succeeded"))

        assert (tmp_path / "seen").read_text() == "1"
        assert here.failures() == [
            'MountVolume.SetUp failed for volume "v" : '
            "configmap references non-existent config key: a"
        ]


async def test_a_pod_that_ends_while_it_waits_leaves_nothing(tmp_path: Path) -> None:
    async with node(tmp_path) as here:
        here.run("true", {"configMap": {"name": "cfg"}})
        await until(lambda: bool(here.failures()))

    assert not here.target.exists()
    assert not list(tmp_path.glob("run/pods/*"))
