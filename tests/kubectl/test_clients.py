"""Client libraries other than kubectl's own."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import Any, TypeVar

import kr8s.asyncio
import pytest
from kr8s.asyncio.objects import ConfigMap as Kr8sConfigMap
from kr8s.asyncio.objects import Pod as Kr8sPod

from tests.support.api import Server, manifest

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio,
    pytest.mark.filterwarnings("ignore"),  # theirs
]

#: Without types of its own.
kubernetes: Any = importlib.import_module("kubernetes")
stream: Any = importlib.import_module("kubernetes.stream").stream

T = TypeVar("T")
_SERVES = "echo hello; trap 'exit 0' TERM; while :; do sleep 0.1; done"


async def _in_thread(server: Server, work: Callable[[Any], T]) -> T:
    """Do something with the Python client, which blocks."""

    def do() -> T:
        path = f"{server.config.node.state_dir}/kubeconfig"
        client = kubernetes.config.new_client_from_config(path)
        try:
            return work(kubernetes.client.CoreV1Api(client))
        finally:
            client.close()

    return await asyncio.to_thread(do)


async def test_the_python_client_lives_with_a_pod(server: Server) -> None:
    def work(core: Any) -> tuple[Any, ...]:
        created = core.create_namespaced_pod("default", manifest(_SERVES))
        kinds = []
        watch = kubernetes.watch.Watch()
        for event in watch.stream(core.list_namespaced_pod, "default", timeout_seconds=20):
            kinds.append(event["type"])
            conditions = event["object"].status.conditions or []
            if any(one.type == "Ready" and one.status == "True" for one in conditions):
                watch.stop()
        said = core.read_namespaced_pod_log("web", "default")
        ran = stream(
            core.connect_get_namespaced_pod_exec,
            "web",
            "default",
            command=["echo", "ran"],
            stdout=True,
            stderr=True,
        )
        patched = core.patch_namespaced_pod("web", "default", {"metadata": {"labels": {"x": "y"}}})
        core.delete_namespaced_pod("web", "default", grace_period_seconds=1)
        return created.metadata.name, kinds[0], said, ran, patched.metadata.labels["x"]

    assert await _in_thread(server, work) == ("web", "ADDED", "hello\n", "ran\n", "y")
    await server.until(lambda: not server.has_pod())


async def test_the_python_client_writes_objects_without_a_kind(server: Server) -> None:
    def work(core: Any) -> dict[str, str]:
        client = kubernetes.client
        body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="c"), data={"a": "1"})
        core.create_namespaced_config_map("default", body)
        body.data = {"a": "2"}
        core.replace_namespaced_config_map("c", "default", body)
        found: dict[str, str] = core.read_namespaced_config_map("c", "default").data
        core.delete_namespaced_config_map("c", "default")
        return found

    assert await _in_thread(server, work) == {"a": "2"}


async def test_the_python_client_is_told_what_is_wrong(server: Server) -> None:
    def work(core: Any) -> tuple[int, str]:
        with pytest.raises(kubernetes.client.ApiException) as refused:
            core.read_namespaced_pod("nope", "default")
        return refused.value.status, str(refused.value.body)

    status, body = await _in_thread(server, work)
    assert status == 404
    assert '\\"nope\\" not found' in body


async def test_kr8s(server: Server) -> None:
    api = await kr8s.asyncio.api(kubeconfig=f"{server.config.node.state_dir}/kubeconfig")
    pod = await Kr8sPod(manifest(_SERVES), api=api)
    await pod.create()
    await pod.wait("condition=Ready", timeout=20)
    ran = await pod.exec(["sh", "-c", "echo ran; exit 0"])
    assert ran.stdout == b"ran\n"
    assert [line async for line in pod.logs()] == ["hello"]

    settings = await Kr8sConfigMap({"metadata": {"name": "c"}, "data": {"a": "1"}}, api=api)
    await settings.create()
    await settings.patch({"data": {"a": "2"}})
    assert settings.data["a"] == "2"
    names = [
        one.name
        async for one in api.get("configmaps", namespace="default")
        if not isinstance(one, dict)
    ]
    assert names == ["c"]
    await pod.delete()
    await server.until(lambda: not server.has_pod())
