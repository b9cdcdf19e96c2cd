"""Deleting, draining, cordoning, tainting; and namespaces."""

from __future__ import annotations

import json

import pytest

from tests.support.cluster import SERVES, Cluster, Space, manifest

pytestmark = pytest.mark.integration

_STUBBORN = "trap '' TERM; while :; do sleep 0.05; done"


def test_a_pod_is_deleted_with_its_grace(space: Space) -> None:
    space.run()

    assert space.does("delete", "pod", "web") == 'pod "web" deleted\n'
    told = space.fails("delete", "pod", "web")
    assert told == 'Error from server (NotFound): pods "web" not found\n'
    assert space.does("delete", "pod", "web", "--ignore-not-found") == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--now"], 'pod "web" deleted\n'),
        (["--grace-period=1"], 'pod "web" deleted\n'),
        (["--grace-period=0", "--force"], 'pod "web" force deleted\n'),
    ],
)
def test_a_stubborn_pod_is_ended(space: Space, options: list[str], said: str) -> None:
    space.run(_STUBBORN, terminationGracePeriodSeconds=300)

    done = space.kubectl("delete", "pod", "web", *options)

    assert (done.code, done.out) == (0, said), done.err
    assert "not found" in space.fails("get", "pod", "web")


def test_a_deletion_that_nobody_waits_for(space: Space) -> None:
    space.run(_STUBBORN, terminationGracePeriodSeconds=300)

    assert space.does("delete", "pod", "web", "--wait=false") == 'pod "web" deleted\n'
    assert space.row()[2] == "Terminating"
    assert space.get("pod", "web")["metadata"]["deletionGracePeriodSeconds"] == 300
    assert space.does("delete", "pod", "web", "--grace-period=1") == 'pod "web" deleted\n'


def test_many_are_deleted_at_once(space: Space) -> None:
    for name in ("a", "b", "c"):
        space.run(name=name)

    assert space.does("delete", "pods", "-l", "app in (a, b)") == (
        'pod "a" deleted\npod "b" deleted\n'
    )
    assert space.does("delete", "pods", "--all") == 'pod "c" deleted\n'
    assert space.kubectl("delete", "pods", "--all").out == "No resources found\n"
    assert space.kubectl("get", "pods").err.startswith("No resources found")


def test_the_file_names_what_is_deleted(space: Space) -> None:
    space.run()

    text = json.dumps(manifest())

    assert space.does("delete", "-f", "-", stdin=text) == 'pod "web" deleted\n'


def test_a_namespace_ends_with_all_that_is_in_it(cluster: Cluster) -> None:
    space = cluster.space("team")
    space.run(_STUBBORN, terminationGracePeriodSeconds=1)
    space.does("create", "configmap", "c", "--from-literal=k=v")

    cluster.kubectl("delete", "namespace", "team", "--wait=false")
    shown = cluster.kubectl("get", "namespace", "team", "--no-headers").out.split()
    assert shown[:2] in (["team", "Terminating"], [])
    done = cluster.kubectl("wait", "--for=delete", "namespace/team", "--timeout=20s")

    assert done.code == 0, done.err
    assert space.kubectl("get", "pods,cm", "-o", "name").out == ""
    told = space.fails("create", "-f", "-", stdin=json.dumps(manifest()))
    assert told.endswith('namespaces "team" not found\n')


def test_what_a_namespace_that_ends_does_not_take(cluster: Cluster) -> None:
    space = cluster.space("leaving")
    space.create({**manifest(), "metadata": {"name": "web", "finalizers": ["example.com/wait"]}})
    cluster.kubectl("delete", "namespace", "leaving", "--wait=false")

    told = space.fails("create", "configmap", "c")
    assert told.startswith("error: failed to create configmap: configmaps ")
    assert (
        "unable to create new content in namespace leaving because it is being terminated" in told
    )

    space.until(lambda: "deletionTimestamp" in space.get("pod", "web")["metadata"])
    space.does("patch", "pod", "web", "--type=merge", "-p", '{"metadata": {"finalizers": null}}')
    done = cluster.kubectl("wait", "--for=delete", "namespace/leaving", "--timeout=20s")
    assert done.code == 0, done.err


def test_the_default_namespace_stays(cluster: Cluster) -> None:
    told = cluster.kubectl("delete", "namespace", "default")

    assert told.err == (
        'Error from server (Forbidden): namespaces "default" is forbidden: '
        "this namespace may not be deleted\n"
    )


def test_a_drain_evicts_and_the_node_takes_no_more(space: Space) -> None:
    space.run(SERVES)
    kubectl = space.cluster.kubectl

    refused = kubectl("drain", "vm-1", "--pod-selector=app=web")
    assert refused.code != 0
    assert "use --force to override" in refused.err
    done = kubectl("drain", "vm-1", "--force", "--ignore-daemonsets", "--pod-selector=app=web")
    assert done.code == 0, done.err
    assert "pod/web evicted\nnode/vm-1 drained\n" in done.out
    assert kubectl("get", "node", "--no-headers").out.split()[1] == "Ready,SchedulingDisabled"
    space.create(manifest(name="late"))
    assert space.row("late")[2] == "Pending"
    assert "FailedScheduling" in space.reasons("late")
    assert kubectl("uncordon", "vm-1").out == "node/vm-1 uncordoned\n"
    space.ready("late")


def test_a_node_is_cordoned_and_tainted(space: Space) -> None:
    kubectl = space.cluster.kubectl
    assert kubectl("cordon", "vm-1").out == "node/vm-1 cordoned\n"
    assert kubectl("cordon", "vm-1").out == "node/vm-1 already cordoned\n"
    assert kubectl("uncordon", "vm-1").out == "node/vm-1 uncordoned\n"
    assert kubectl("taint", "node", "vm-1", "k=v:NoSchedule").out == "node/vm-1 tainted\n"
    assert "k=v:NoSchedule" in kubectl("describe", "node", "vm-1").out
    assert kubectl("taint", "node", "vm-1", "k-").out == "node/vm-1 untainted\n"
    assert kubectl("label", "node", "vm-1", "node-role.kubernetes.io/w=").out
    assert kubectl("get", "nodes", "--no-headers").out.split()[2] == "w"
