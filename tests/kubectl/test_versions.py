"""Everyday commands with every version of kubectl, also as it will list and watch by default."""

from __future__ import annotations

import json
import urllib.request

import pytest

from tests.support.cluster import Cluster, Space, manifest
from tests.support.haproxy import free_port
from tests.support.kubectl import VERSIONS

pytestmark = pytest.mark.integration

_POD = json.dumps(manifest(container={"stdin": True}))
_CHANGED = _POD.replace('"app": "web"', '"app": "changed"')
#: What is typed, what goes in, how it ends and a word of what comes out.
_EVERYDAY: tuple[tuple[str, str, int, str], ...] = (
    ("version", "", 0, "Server Version"),
    ("api-resources", "", 0, "pods"),
    ("get nodes", "", 0, "Ready"),
    ("apply -f -", _POD, 0, "pod/web created"),
    ("wait --for=condition=Ready pod/web --timeout=20s", "", 0, "condition met"),
    ("apply -f -", _POD, 0, "unchanged"),
    ("diff -f -", _CHANGED, 1, "changed"),
    ("apply --server-side --force-conflicts -f -", _CHANGED, 0, "serverside-applied"),
    ("get pods -o wide", "", 0, "vm-1"),
    ("get pods -o yaml", "", 0, "app: changed"),
    ("describe pod web", "", 0, "Started container main"),
    ("events --for pod/web", "", 0, "Scheduled"),
    ("logs web --tail=1", "", 0, ""),
    ("exec -i web -- sh -c cat;false", "typed", 1, "typed"),
    ("label pod web tier=front", "", 0, "labeled"),
    ('patch pod web -p {"metadata":{"labels":{"a":"b"}}}', "", 0, "patched"),
    ("replace -f -", _POD, 0, "replaced"),
    ("create configmap c --from-literal=k=v", "", 0, "created"),
    ("create secret generic s --from-literal=k=v", "", 0, "created"),
    ("explain pod.spec.containers.livenessProbe", "", 0, "httpGet"),
    ("top node", "", 0, "vm-1"),
    ("auth can-i create pods", "", 0, "yes"),
    ("run once --image=busybox --restart=Never --rm -i --command -- sh -c cat", "in", 0, "in"),
    ("delete pod web --now", "", 0, "deleted"),
    ("delete cm/c secret/s", "", 0, "deleted"),
)


#: Those that can be told to list by watching, as later ones do by themselves.
_STREAMS_LISTS = VERSIONS[VERSIONS.index("1.30") :]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("version", "environ"),
    [
        *((version, {}) for version in VERSIONS),
        *((version, {"KUBE_FEATURE_WatchListClient": "true"}) for version in _STREAMS_LISTS),
    ],
)
def test_every_version_does_everyday_work(
    space: Space, version: str, environ: dict[str, str]
) -> None:
    for line, stdin, code, part in _EVERYDAY:
        done = space.kubectl(*line.split(), stdin=stdin, version=version, environ=environ)
        assert done.code == code, (line, done)
        assert part in done.out + done.err, (line, done)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_forwards_ports(space: Space, version: str) -> None:
    port, ours = free_port(), free_port()
    ready = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    server = f"exec python3 -m http.server {port} --bind 127.0.0.1"
    space.run(server, container={"readinessProbe": ready})

    with space.following("port-forward", "pod/web", f"{ours}:{port}", version=version) as forward:
        forward.until_line("Forwarding from 127.0.0.1")
        with urllib.request.urlopen(f"http://127.0.0.1:{ours}/") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_knows_who_asks(cluster: Cluster, version: str) -> None:
    done = cluster.kubectl("auth", "whoami", version=version)

    assert ["Username", "barepod-admin"] in done.rows, done
