"""The rest of kubectl's commands: one look at each."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.support.api import Server, manifest

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_SERVES = "echo hello; trap 'exit 0' TERM; while :; do sleep 0.1; done"


async def _running(server: Server) -> None:
    made = await server.kubectl("create", "-f", "-", stdin=json.dumps(manifest(_SERVES)))
    assert made.code == 0, made.err
    ready = await server.kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=20s")
    assert ready.code == 0, ready.err


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("version",), "Server Version: v1.32.0+barepod."),
        (("api-resources",), "metrics.k8s.io/v1beta1"),
        (("api-versions",), "coordination.k8s.io/v1"),
        (("cluster-info",), "is running at"),
        (("get", "nodes"), "vm "),
        (("get", "all"), "No resources found"),
        (("get", "namespaces", "-o", "name"), "namespace/kube-system"),
        (("get", "leases", "-n", "kube-node-lease"), "vm "),
        (("get", "--raw", "/readyz"), "ok"),
        (("describe", "node", "vm"), "HolderIdentity:  vm"),
        (("top", "node"), "CPU(cores)"),
        (("explain", "configmap.data"), "FIELD: data <map[string]string>"),
        (("explain", "pod.spec.containers.livenessProbe"), "FIELD: livenessProbe <Probe>"),
        (("taint", "node", "vm", "a=b:NoSchedule"), "node/vm tainted"),
    ],
)
async def test_without_pods(server: Server, arguments: tuple[str, ...], part: str) -> None:
    await server.until(lambda: not server.troubles)
    done = await server.kubectl(*arguments)

    assert done.code == 0, done.err
    assert part in done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("get", "pod", "web", "-o", "wide"), "127.0.0.1"),
        (("get", "pods", "--show-labels", "-A"), "app=web"),
        (("get", "pods", "--sort-by=.metadata.name"), "web"),
        (("get", "pods", "-o", "custom-columns=N:.metadata.name"), "web"),
        (("describe", "pod", "web"), "Started container main"),
        (("events", "--for", "pod/web"), "Scheduled"),
        (("top", "pod"), "web "),
        (("label", "pod", "web", "x=y"), "pod/web labeled"),
        (("annotate", "pod", "web", "x=y"), "pod/web annotated"),
        (("set", "image", "pod/web", "main=busybox:2"), "pod/web image updated"),
        (("patch", "pod", "web", "-p", '{"metadata":{"labels":{"z":"1"}}}'), "pod/web patched"),
        (("logs", "web", "--tail=1"), "hello"),
        (("exec", "web", "--", "echo", "hi"), "hi"),
        (("delete", "pods", "--all", "--now"), 'pod "web" deleted'),
        (("delete", "pod", "web", "--grace-period=0", "--force"), 'pod "web" force deleted'),
        (("delete", "pod", "web", "--dry-run=server"), 'pod "web" deleted (server dry run)'),
    ],
)
async def test_with_a_pod(server: Server, arguments: tuple[str, ...], part: str) -> None:
    await _running(server)
    done = await server.kubectl(*arguments)

    assert done.code == 0, done.err
    assert part in done.out


async def test_a_watch_prints_each_step(server: Server) -> None:
    watching = asyncio.ensure_future(
        server.kubectl("get", "pods", "-w", "--output-watch-events", "--request-timeout=8s")
    )
    await server.until(lambda: server.watches() == 1)
    await _running(server)
    await server.kubectl("delete", "pod", "web", "--now")
    seen = await watching

    words = [line.split()[0] for line in seen.out.splitlines()]
    assert (words[0], words[1], words[-1]) == ("EVENT", "ADDED", "DELETED"), seen


async def test_replace_and_diff(server: Server) -> None:
    await _running(server)
    changed = manifest(_SERVES)
    changed["metadata"]["labels"]["tier"] = "front"
    different = await server.kubectl("diff", "-f", "-", stdin=json.dumps(changed))
    assert different.code == 1
    assert "+    tier: front" in different.out
    replaced = await server.kubectl("replace", "-f", "-", stdin=json.dumps(changed))
    assert replaced.out == "pod/web replaced\n", replaced.err
    same = await server.kubectl("diff", "-f", "-", stdin=json.dumps(changed))
    assert same.code == 0, same.out


async def test_an_unknown_kind_gets_the_familiar_words(server: Server) -> None:
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}
    refused = await server.kubectl("apply", "-f", "-", stdin=json.dumps(deployment))

    assert 'no matches for kind "Deployment" in version "apps/v1"' in refused.err
    assert "ensure CRDs are installed first" in refused.err


async def test_a_read_only_kubeconfig(server: Server) -> None:
    path = server.pki.parent / "reader"
    text = (server.pki.parent / "kubeconfig").read_text()
    path.write_text(text.replace(server.token(), server.token("reader")))
    looked = await server.kubectl("get", "pods", config="reader")
    refused = await server.kubectl("delete", "pod", "web", config="reader")
    secrets = await server.kubectl("get", "secrets", config="reader")

    assert looked.code == 0, looked.err
    assert "Error from server (Forbidden)" in refused.err
    assert "Error from server (Forbidden)" in secrets.err
