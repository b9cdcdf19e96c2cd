"""The official Python client, as a program uses it."""

# It is typed in parts.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client, config, dynamic, stream, utils, watch

from tests.support.cluster import Cluster, manifest

pytestmark = [
    pytest.mark.integration,
    # It leaves connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def api(cluster: Cluster) -> Iterator[Any]:
    """A client that was told no more than the kubeconfig."""
    made = config.new_client_from_config(str(cluster.kubeconfig))
    yield made
    made.close()


@pytest.fixture(scope="module")
def core(api: Any) -> Any:
    """Its core group."""
    return client.CoreV1Api(api)


def _pod(name: str, script: str) -> Any:
    container = client.V1Container(name="main", image="busybox", command=["sh", "-c", script])
    return client.V1Pod(
        metadata=client.V1ObjectMeta(name=name, labels={"app": name}),
        spec=client.V1PodSpec(containers=[container], termination_grace_period_seconds=1),
    )


def _await(core: Any, name: str, phase: str) -> Any:
    watching = watch.Watch()
    selector = f"metadata.name={name}"
    for event in watching.stream(
        core.list_namespaced_pod, "default", field_selector=selector, timeout_seconds=20
    ):
        if event["object"].status.phase == phase:
            watching.stop()
            return event["object"]
    raise AssertionError(f"{name} never was {phase}")


@pytest.fixture(scope="module")
def running(core: Any) -> str:
    """The name of a pod that runs."""
    core.create_namespaced_pod("default", _pod("web", "echo one; echo two; exec sleep 1000"))
    assert _await(core, "web", "Running").metadata.name == "web"
    return "web"


def test_it_lists(core: Any, running: str) -> None:
    assert [pod.metadata.name for pod in core.list_namespaced_pod("default").items] == [running]
    assert running in [pod.metadata.name for pod in core.list_pod_for_all_namespaces().items]
    assert [node.metadata.name for node in core.list_node().items] == ["vm-1"]
    status = core.read_namespaced_pod_status(running, "default").status
    assert status.container_statuses[0].name == "main"
    assert core.list_namespaced_event("default").items[0].reason == "Scheduled"
    with pytest.raises(client.ApiException) as caught:
        core.read_namespaced_pod("nope", "default")
    assert caught.value.status == 404


def test_it_reads_logs(core: Any, running: str) -> None:
    watching = watch.Watch()
    lines = []
    for line in watching.stream(core.read_namespaced_pod_log, running, "default"):
        lines.append(line)
        if len(lines) == 2:
            watching.stop()
    assert lines == ["one", "two"]
    assert core.read_namespaced_pod_log(running, "default", tail_lines=1) == "two\n"


def _exec(core: Any, name: str, script: str, **options: Any) -> Any:
    return stream.stream(
        core.connect_get_namespaced_pod_exec,
        name,
        "default",
        command=["sh", "-c", script],
        stdout=True,
        stderr=True,
        **{"stdin": False, "tty": False, **options},
    )


def test_it_runs_commands(core: Any, running: str) -> None:
    assert _exec(core, running, "echo hi") == "hi\n"
    talk = _exec(core, running, "read x; echo got $x; exit 3", stdin=True, _preload_content=False)
    talk.write_stdin("typed\n")
    talk.run_forever(timeout=20)
    assert talk.read_stdout() == "got typed\n"
    assert talk.returncode == 3


def test_it_forwards_ports(core: Any, cluster: Cluster, running: str) -> None:
    port = cluster.health
    forward = stream.portforward(
        core.connect_get_namespaced_pod_portforward, running, "default", ports=str(port)
    )
    connection = forward.socket(port)
    connection.setblocking(True)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = b""
    while piece := connection.recv(4096):
        answer += piece
    connection.close()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert not forward.error(port)


def test_it_changes(core: Any, running: str) -> None:
    patch = {"metadata": {"labels": {"a": "b"}}}
    assert core.patch_namespaced_pod(running, "default", patch).metadata.labels["a"] == "b"
    pod = core.read_namespaced_pod(running, "default")
    pod.metadata.labels["c"] = "d"
    assert core.replace_namespaced_pod(running, "default", pod).metadata.labels["c"] == "d"
    pod.metadata.labels["c"] = "e"
    with pytest.raises(client.ApiException) as caught:
        core.replace_namespaced_pod(running, "default", pod)
    assert (caught.value.status, caught.value.reason) == (409, "Conflict")
    node = core.patch_node("vm-1", {"metadata": {"annotations": {"x": "y"}}})
    assert node.metadata.annotations["x"] == "y"


def test_it_creates_and_deletes(api: Any, core: Any) -> None:
    metadata = client.V1ObjectMeta(generate_name="c-")
    made = core.create_namespaced_config_map(
        "default", client.V1ConfigMap(metadata=metadata, data={"k": "v"})
    )
    core.delete_namespaced_config_map(made.metadata.name, "default")
    assert made.metadata.name not in [
        one.metadata.name for one in core.list_namespaced_config_map("default").items
    ]
    utils.create_from_dict(api, manifest("exec sleep 1000", name="from-a-dictionary"))
    _await(core, "from-a-dictionary", "Running")
    gone = core.delete_namespaced_pod("from-a-dictionary", "default", grace_period_seconds=0)
    assert gone.metadata.deletion_timestamp is not None
    core.delete_collection_namespaced_pod("default", label_selector="app=from-a-dictionary")


def test_it_discovers(api: Any, running: str) -> None:
    pods = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="Pod")
    assert pods.get(name=running, namespace="default").status.phase == "Running"
    assert client.VersionApi(api).get_code().git_version.startswith("v1.32.0+barepod")
    metrics = client.CustomObjectsApi(api)
    nodes: Any = metrics.list_cluster_custom_object("metrics.k8s.io", "v1beta1", "nodes")
    assert nodes["items"][0]["metadata"]["name"] == "vm-1"
    spec = client.V1SelfSubjectAccessReviewSpec(
        resource_attributes=client.V1ResourceAttributes(verb="get", resource="pods")
    )
    review = client.V1SelfSubjectAccessReview(spec=spec)
    access: Any = client.AuthorizationV1Api(api)
    assert access.create_self_subject_access_review(review).status.allowed
