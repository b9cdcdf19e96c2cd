"""A pod's life as kubectl sees it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from agent.manifest.defaults import default_pod
from agent.model.pod import Pod
from agent.rules import mirror
from tests.support.api import Server, manifest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_SERVES = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
_MISSING = "CreateContainerConfigError"


def _text(script: str = _SERVES, name: str = "web", **spec: object) -> str:
    return json.dumps(manifest(script, name, **spec))


async def test_a_pod_is_created_shown_and_deleted(server: Server) -> None:
    created = await server.kubectl("create", "-f", "-", stdin=_text())
    assert (created.code, created.out) == (0, "pod/web created\n"), created.err

    waited = await server.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=20s")
    assert waited.out == "pod/web condition met\n", waited.err

    shown = await server.kubectl("get", "pods", "--no-headers")
    assert shown.out.split()[:4] == ["web", "1/1", "Running", "0"]

    deleted = await server.kubectl("delete", "pod", "web")
    assert (deleted.code, deleted.out) == (0, 'pod "web" deleted\n'), deleted.err
    gone = await server.kubectl("get", "pod", "web")
    assert gone.code == 1
    assert gone.err == 'Error from server (NotFound): pods "web" not found\n'


async def test_apply_creates_changes_and_leaves_alone(server: Server) -> None:
    first = await server.kubectl("apply", "-f", "-", stdin=_text())
    assert first.out == "pod/web created\n", first.err
    second = await server.kubectl("apply", "-f", "-", stdin=_text())
    assert second.out == "pod/web unchanged\n", second.err

    changed = json.loads(_text())
    changed["metadata"]["labels"]["tier"] = "front"
    third = await server.kubectl("apply", "-f", "-", stdin=json.dumps(changed))
    assert third.out == "pod/web configured\n", third.err
    assert server.pod().metadata.labels == {"app": "web", "tier": "front"}


async def test_what_is_wrong_is_told_in_the_familiar_words(server: Server) -> None:
    typo = json.loads(_text())
    typo["spec"]["containers"][0]["comand"] = ["x"]
    unknown = await server.kubectl("create", "-f", "-", stdin=json.dumps(typo))
    assert unknown.code == 1
    assert 'strict decoding error: unknown field "spec.containers[0].comand"' in unknown.err

    invalid = await server.kubectl("create", "-f", "-", stdin=_text(restartPolicy="Sometimes"))
    assert invalid.code == 1
    assert invalid.err.startswith('The Pod "web" is invalid: ')
    assert "spec.restartPolicy: Unsupported value" in invalid.err

    await server.kubectl("create", "-f", "-", stdin=_text())
    again = await server.kubectl("create", "-f", "-", stdin=_text())
    assert again.err.endswith('pods "web" already exists\n')

    elsewhere = await server.kubectl("create", "-n", "nowhere", "-f", "-", stdin=_text())
    assert elsewhere.err.endswith('namespaces "nowhere" not found\n')


async def test_a_pod_waits_while_the_node_is_cordoned(server: Server) -> None:
    await server.kubectl("cordon", "vm")
    await server.kubectl("create", "-f", "-", stdin=_text())
    shown = await server.kubectl("get", "pod", "web", "--no-headers")
    assert shown.out.split()[2] == "Pending"
    events = await server.kubectl("get", "events", "--no-headers")
    assert "FailedScheduling" in events.out

    await server.kubectl("uncordon", "vm")
    waited = await server.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=20s")
    assert waited.code == 0, waited.err


async def test_a_drain_evicts(server: Server) -> None:
    await server.kubectl("create", "-f", "-", stdin=_text())
    drained = await server.kubectl("drain", "vm", "--force")
    assert drained.code == 0, drained.err
    assert "pod/web evicted" in drained.out
    assert not server.has_pod()


async def test_a_namespace_ends_with_its_pods(server: Server) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
    made = await server.kubectl("create", "-f", "-", stdin=json.dumps(namespace))
    assert made.out == "namespace/team created\n", made.err
    await server.kubectl("create", "-n", "team", "-f", "-", stdin=_text())
    assert server.has_pod("web", "team")

    ended = await server.kubectl("delete", "namespace", "team")
    assert ended.out == 'namespace "team" deleted\n', ended.err
    assert not server.has_pod("web", "team")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("namespace", "team"), "namespace/team created\n"),
        (("configmap", "settings", "--from-literal=a=1"), "configmap/settings created\n"),
        (("secret", "generic", "s", "--from-literal=p=q"), "secret/s created\n"),
        (("serviceaccount", "bob"), "serviceaccount/bob created\n"),
    ],
)
async def test_what_kubectl_makes_itself(
    server: Server, arguments: tuple[str, ...], said: str
) -> None:
    made = await server.kubectl("create", *arguments)

    assert made.out == said, made.err


async def test_who_am_i_and_what_may_i_do(server: Server) -> None:
    who = await server.kubectl("auth", "whoami")
    may = await server.kubectl("auth", "can-i", "create", "pods")
    all_of_it = await server.kubectl("auth", "can-i", "--list")

    assert "barepod-admin" in who.out, who.err
    assert may.out == "yes\n"
    assert "*.*" in all_of_it.out


async def test_a_server_side_apply_minds_what_belongs_to_others(server: Server) -> None:
    apply = ("apply", "--server-side", "-f", "-")
    first = await server.kubectl(*apply, stdin=_text())
    assert first.out == "pod/web serverside-applied\n", first.err
    await server.kubectl("label", "pod", "web", "app=other", "--overwrite")

    refused = await server.kubectl(*apply, stdin=_text())
    assert refused.code == 1
    assert 'Apply failed with 1 conflict: conflict with "kubectl-label"' in refused.err
    forced = await server.kubectl(*apply, "--force-conflicts", stdin=_text())
    assert forced.code == 0
    assert server.pod().metadata.labels == {"app": "web"}


async def test_exec_and_logs(server: Server) -> None:
    await server.kubectl("create", "-f", "-", stdin=_text(f"echo hello; {_SERVES}"))
    await server.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=20s")

    said = await server.kubectl("logs", "web")
    assert said.out == "hello\n", said.err
    ran = await server.kubectl("exec", "-i", "web", "--", "sh", "-c", "cat; exit 3", stdin="in")
    assert (ran.code, ran.out) == (3, "in"), ran.err


async def test_explain_says_what_a_bare_host_ignores(server: Server) -> None:
    told = await server.kubectl("explain", "pod.spec.hostAliases")
    assert told.code == 0, told.err
    assert "On a bare host ignored" in told.out


@pytest.mark.parametrize("version", ["1.27", "1.29", "1.31", "1.33"])
async def test_other_versions_of_kubectl_work(server: Server, version: str) -> None:
    created = await server.kubectl("apply", "-f", "-", stdin=_text(), version=version)
    assert created.out == "pod/web created\n", created.err
    shown = await server.kubectl("get", "pods", "-o", "name", version=version)
    assert shown.out == "pod/web\n"
    ended = await server.kubectl("delete", "pod", "web", "--now", version=version)
    assert ended.code == 0, ended.err


async def test_a_container_starts_when_its_config_map_comes(server: Server) -> None:
    pod = manifest(_SERVES)
    source = {"configMapKeyRef": {"name": "settings", "key": "a"}}
    pod["spec"]["containers"][0]["env"] = [{"name": "A", "valueFrom": source}]
    await server.kubectl("create", "-f", "-", stdin=json.dumps(pod))
    await server.until(
        lambda: any(
            one.state.waiting is not None and one.state.waiting.reason == _MISSING
            for one in server.pod().status.container_statuses
        )
    )

    await server.kubectl("create", "configmap", "settings", "--from-literal=a=1")
    ready = await server.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=5s")
    assert ready.code == 0, ready.err


async def test_a_pod_of_a_file_that_is_deleted_comes_back_as_another(server: Server) -> None:
    server.manager.add(mirror.marked(default_pod(msgspec.convert(_placed(), Pod))))
    await server.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=20s")
    first = server.pod().metadata.uid

    deleted = await server.kubectl("delete", "pod", "web", "--now", "--timeout=20s")
    assert deleted.code == 0, deleted.err
    await server.until(lambda: server.has_pod() and server.pod().metadata.uid != first)


def _placed() -> dict[str, Any]:
    pod = manifest(_SERVES)
    pod["metadata"]["namespace"] = "default"
    return pod
