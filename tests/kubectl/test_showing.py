"""Getting, watching, describing, explaining: every way to look."""

from __future__ import annotations

import json

import pytest

from tests.support.cluster import Cluster, Space, manifest

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def shown(cluster: Cluster) -> Space:
    """A namespace with two pods, a ConfigMap and a Secret, for all who only look."""
    space = cluster.space("shown")
    space.run(name="one")
    space.run(name="two", container={"ports": [{"containerPort": 8080}]})
    space.does("create", "configmap", "c", "--from-literal=k=v")
    space.does("create", "secret", "generic", "s", "--from-literal=password=secret")
    return space


def test_pods_in_every_form(shown: Space) -> None:
    header, one, two = (line.split() for line in shown.does("get", "pods").splitlines())
    assert header == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert one[:4] == ["one", "1/1", "Running", "0"]
    assert two[0] == "two"
    wide = shown.does("get", "pods", "-o", "wide").splitlines()
    assert wide[0].split()[5:7] == ["IP", "NODE"]
    assert wide[1].split()[5:] == ["127.0.0.1", "vm-1", "<none>", "<none>"]
    assert shown.does("get", "pods", "-o", "name") == "pod/one\npod/two\n"
    columns = "custom-columns=N:.metadata.name,P:.status.phase"
    assert shown.does("get", "pods", "-o", columns).split() == [
        *("N", "P"),
        *("one", "Running"),
        *("two", "Running"),
    ]
    path = "jsonpath={.items[*].metadata.name}"
    assert shown.does("get", "pods", "-o", path) == "one two"
    template = "go-template={{range .items}}{{.metadata.name}};{{end}}"
    assert shown.does("get", "pods", "-o", template) == "one;two;"
    text = shown.does("get", "pod", "one", "-o", "yaml")
    assert text.startswith("apiVersion: v1\nkind: Pod\nmetadata:\n")
    assert "  hostIP: 127.0.0.1\n" in text


def test_selections(shown: Space) -> None:
    def names(*arguments: str) -> list[str]:
        return shown.does("get", "pods", "-o", "name", *arguments).split()

    assert names("-l", "app=one") == ["pod/one"]
    assert names("-l", "app in (one, two), app!=two") == ["pod/one"]
    assert names("-l", "!app") == []
    assert names("--field-selector", "metadata.name=two") == ["pod/two"]
    assert names("--field-selector", "status.phase!=Running") == []
    assert names("--field-selector", "spec.nodeName=vm-1,status.phase=Running") == [
        "pod/one",
        "pod/two",
    ]
    assert names("--chunk-size=1") == ["pod/one", "pod/two"]
    unknown = shown.fails("get", "pods", "--field-selector", "spec.color=red")
    assert unknown.endswith("field label not supported: spec.color\n")
    assert "unable to parse requirement" in shown.fails("get", "pods", "-l", "app in")


def test_orders_and_labels(shown: Space) -> None:
    by_name = shown.does("get", "pods", "--sort-by={.metadata.name}", "--no-headers")
    assert [line.split()[0] for line in by_name.splitlines()] == ["one", "two"]
    labels = shown.does("get", "pods", "--show-labels", "--no-headers")
    assert [line.split()[-1] for line in labels.splitlines()] == ["app=one", "app=two"]
    column = shown.does("get", "pods", "-L", "app", "--no-headers")
    assert [line.split()[-1] for line in column.splitlines()] == ["one", "two"]


def test_several_kinds_and_all_namespaces(shown: Space) -> None:
    assert shown.does("get", "cm,secret", "-o", "name") == "configmap/c\nsecret/s\n"
    assert shown.does("get", "cm/c", "pod/one", "-o", "name") == "configmap/c\npod/one\n"
    assert "pod/one" in shown.does("get", "all")
    everywhere = shown.does("get", "pods", "-A").splitlines()
    assert everywhere[0].split()[:2] == ["NAMESPACE", "NAME"]
    assert ["shown", "one"] in [line.split()[:2] for line in everywhere]
    nothing = shown.kubectl("get", "pods", "-l", "app=none")
    assert (nothing.code, nothing.err) == (0, "No resources found in shown namespace.\n")


def test_what_is_not_there(shown: Space) -> None:
    told = shown.fails("get", "pod", "nope")
    assert told == 'Error from server (NotFound): pods "nope" not found\n'
    told = shown.fails("get", "deployments")
    assert told == 'error: the server doesn\'t have a resource type "deployments"\n'
    told = shown.fails("describe", "configmap", "nope")
    assert told == 'Error from server (NotFound): configmaps "nope" not found\n'


def test_raw_paths(shown: Space) -> None:
    assert shown.does("get", "--raw", "/healthz") == "ok"
    assert shown.does("get", "--raw", "/readyz?verbose").endswith("readyz check passed\n")
    listed = json.loads(shown.does("get", "--raw", "/api/v1/namespaces/shown/pods?limit=1"))
    assert (listed["kind"], len(listed["items"])) == ("PodList", 1)
    assert listed["metadata"]["remainingItemCount"] == 1
    following = f"/api/v1/namespaces/shown/pods?limit=1&continue={listed['metadata']['continue']}"
    rest = json.loads(shown.does("get", "--raw", following))
    assert [item["metadata"]["name"] for item in rest["items"]] == ["two"]


def test_a_watch_sees_one_pod_come_and_go(space: Space) -> None:
    with space.following("get", "pods", "-w", "--output-watch-events", "--no-headers") as watch:
        space.run(terminationGracePeriodSeconds=1)
        watch.until(lambda lines: any("1/1" in line for line in lines))
        space.does("delete", "pod", "web")
        watch.until_line("DELETED")

    events = [line.split()[0] for line in watch.lines]
    assert (events[0], events[-1]) == ("ADDED", "DELETED")
    assert set(events[1:-1]) == {"MODIFIED"}
    assert any("Terminating" in line for line in watch.lines)


def test_a_watch_of_one_pod_and_of_what_is_new(space: Space) -> None:
    space.run()
    with (
        space.following("get", "pod", "web", "-w", "-o", "name") as one,
        space.following("get", "pods", "--watch-only", "-o", "name") as new,
    ):
        one.until_line("pod/web")
        space.does("label", "pod", "web", "a=b")
        one.until(lambda lines: len(lines) == 2)
        space.until(lambda: space.does("label", "pod", "web", "--overwrite", "a=c") or True)
        new.until_line("pod/web")


def test_waiting(space: Space) -> None:
    space.create(manifest())
    assert space.does("wait", "--for=jsonpath={.status.phase}=Running", "pod/web")
    assert space.does("wait", "--for=condition=Ready", "pod", "-l", "app=web") == (
        "pod/web condition met\n"
    )
    told = space.fails("wait", "--for=condition=Never", "pod/web", "--timeout=200ms")
    assert told.endswith("error: timed out waiting for the condition on pods/web\n")
    with space.following("wait", "--for=delete", "pod/web", "-v=6") as waiting:
        waiting.until_line("watch=true")
        space.does("delete", "pod", "web", "--now")
        assert waiting.until_line("pod/web") == "pod/web condition met"


def test_pods_are_described(shown: Space) -> None:
    told = shown.does("describe", "pod", "two")
    for line in (
        "Name:             two",
        "Namespace:        shown",
        "Node:             vm-1/127.0.0.1",
        "Status:           Running",
        "Containers:",
        "    Port:          8080/TCP",
        "QoS Class:                   BestEffort",
    ):
        assert line.split() in [found.split() for found in told.splitlines()], told
    events = told.partition("\nEvents:\n")[2].splitlines()
    assert [line.split()[1] for line in events[2:]] == ["Scheduled", "Pulled", "Created", "Started"]
    assert shown.does("describe", "pods", "-l", "app=one").startswith("Name:")


def test_other_kinds_are_described(shown: Space) -> None:
    node = shown.does("describe", "node", "vm-1")
    assert "HolderIdentity:  vm-1" in node
    assert [line for line in node.splitlines() if line.split()[:2] == ["shown", "one"]]
    assert "Status:       Active" in shown.does("describe", "namespace", "shown")
    assert "k:\n----\nv\n" in shown.does("describe", "configmap", "c")
    secret = shown.does("describe", "secret", "s")
    assert "password:  6 bytes" in secret
    assert "Name:                default" in shown.does("describe", "serviceaccount", "default")


def test_events(shown: Space) -> None:
    table = shown.does("get", "events").splitlines()
    assert table[0].split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert table[1].split()[1:4] == ["Normal", "Scheduled", "pod/one"]
    only = shown.does("events", "--for", "pod/two", "--no-headers").splitlines()
    assert {line.split()[3] for line in only} == {"Pod/two"}
    assert shown.kubectl("events", "--types=Warning").err == (
        "No events found in shown namespace.\n"
    )
    chosen = "--field-selector=reason=Started,involvedObject.name=one"
    assert len(shown.does("get", "events", chosen, "--no-headers").splitlines()) == 1


def test_usage(shown: Space) -> None:
    shown.until(lambda: shown.kubectl("top", "pod", "one").code == 0)
    rows = shown.does("top", "pod", "--containers", "--no-headers").splitlines()
    assert [line.split()[:2] for line in rows] == [["one", "main"], ["two", "main"]]
    node = shown.does("top", "node").splitlines()
    assert node[0].split()[:2] == ["NAME", "CPU(cores)"]
    assert node[1].split()[0] == "vm-1"


@pytest.mark.parametrize("what", ["pod", "node.status", "configmap", "event", "lease.spec"])
def test_kinds_are_explained(shown: Space, what: str) -> None:
    told = shown.does("explain", what)
    assert "KIND:" in told
    assert "FIELDS:" in told


def test_a_kind_is_explained_down_to_its_leaves(shown: Space) -> None:
    told = shown.does("explain", "pod", "--recursive")
    for field in ("postStart", "initialDelaySeconds", "tcpSocket", "reconcile"):
        assert (f"{field}\t" in told) is (field != "reconcile")
    assert 'field "nope" does not exist' in shown.fails("explain", "pod.spec.nope")
