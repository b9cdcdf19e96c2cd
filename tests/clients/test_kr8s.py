"""kr8s, as a program uses it."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from typing import Any

import kr8s
import pytest
from kr8s.objects import Pod

from tests.support.cluster import Cluster, manifest
from tests.support.haproxy import free_port

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def api(cluster: Cluster) -> Any:
    """A client that was told no more than the kubeconfig."""
    return kr8s.api(kubeconfig=str(cluster.kubeconfig))


@pytest.fixture(scope="module")
def pod(api: Any) -> Iterator[Any]:
    """A pod that is ready."""
    made = Pod(manifest("echo one; exec sleep 1000"), api=api)
    made.create()
    made.wait("condition=Ready", timeout=20)
    yield made
    made.delete()
    made.wait("delete", timeout=20)
    assert not made.exists()


def test_it_lists_and_watches(api: Any, pod: Any) -> None:
    assert pod.status.phase == "Running"
    assert [one.name for one in api.get("pods")] == ["web"]
    assert [one.name for one in api.get("nodes")] == ["vm-1"]
    assert next(iter(api.watch("pods", namespace="default")))[1].name == "web"
    assert api.version()["gitVersion"].startswith("v1.32.0+barepod")
    assert "Pod" in [resource["kind"] for resource in api.api_resources()]


def test_it_looks_into_a_pod(pod: Any) -> None:
    assert list(pod.logs()) == ["one"]
    done = pod.exec(["sh", "-c", "echo out; echo err >&2; exit 3"], check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")


def test_it_changes_a_pod(pod: Any) -> None:
    pod.patch({"metadata": {"labels": {"x": "y"}}})
    assert pod.labels["x"] == "y"
    pod.label(a="b")
    pod.annotate(n="m")
    assert pod.labels["a"] == "b"
    assert pod.annotations["n"] == "m"


def test_it_forwards_ports(cluster: Cluster, pod: Any) -> None:
    with pod.portforward(cluster.health, local_port=free_port()) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20) as answer:
            assert answer.read() == b"ok\n"
