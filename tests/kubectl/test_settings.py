"""ConfigMaps and Secrets, who may do what, and what the server says of itself."""

from __future__ import annotations

import json

import pytest

from tests.support.cluster import Cluster, Space, manifest

pytestmark = pytest.mark.integration


def test_config_is_created_and_changed(space: Space) -> None:
    assert space.does("create", "cm", "c", "--from-literal=k=v") == "configmap/c created\n"
    secret = ("create", "secret", "generic", "s", "--from-literal=password=secret")
    assert space.does(*secret) == "secret/s created\n"
    assert space.does("create", "serviceaccount", "bot") == "serviceaccount/bot created\n"
    assert space.does("get", "cm", "c", "--no-headers").split()[:2] == ["c", "1"]
    assert space.does("get", "secret", "s", "--no-headers").split()[:3] == ["s", "Opaque", "1"]
    assert space.get("secret", "s")["data"] == {"password": "c2VjcmV0"}
    assert space.get("sa", "default")["metadata"]["name"] == "default"
    again = space.fails("create", "cm", "c")
    assert again == 'error: failed to create configmap: configmaps "c" already exists\n'
    space.does("patch", "cm", "c", "-p", '{"data": {"k": "w"}, "immutable": true}')
    fixed = space.fails("patch", "cm", "c", "-p", '{"data": {"k": "x"}}')
    assert fixed == (
        'The ConfigMap "c" is invalid: data: Forbidden: '
        "field is immutable when `immutable` is set\n"
    )
    assert space.does("delete", "cm/c", "secret/s", "sa/bot") == (
        'configmap "c" deleted\nsecret "s" deleted\nserviceaccount "bot" deleted\n'
    )


@pytest.mark.parametrize("kind", ["configMap", "secret"])
def test_a_pod_starts_when_what_it_needs_is_there(space: Space, kind: str) -> None:
    source = {f"{kind}KeyRef": {"name": "late", "key": "k"}}
    env = [{"name": "V", "valueFrom": source}]
    space.create(manifest('echo "got $V"; exec sleep 1000', container={"env": env}))
    space.until(lambda: space.row()[2] == "CreateContainerConfigError")
    assert f'Error: {kind.lower()} "late" not found' in space.does("get", "events")

    what = ["cm"] if kind == "configMap" else ["secret", "generic"]
    space.does("create", *what, "late", "--from-literal=k=v")

    space.ready()
    space.until(lambda: space.does("logs", "web") == "got v\n")


def test_who_may_do_what(cluster: Cluster) -> None:
    kubectl = cluster.kubectl
    assert kubectl("auth", "can-i", "create", "pods").out == "yes\n"
    assert kubectl("auth", "can-i", "get", "secrets", "-q").code == 0
    assert ["*.*", "[]", "[]", "[*]"] in kubectl("auth", "can-i", "--list").rows
    assert ["Username", "barepod-admin"] in kubectl("auth", "whoami").rows


def test_a_reader_may_look_and_nothing_else(cluster: Cluster) -> None:
    reader = ("--token", cluster.token("reader"))

    def ask(*arguments: str, stdin: str = "") -> str:
        done = cluster.kubectl(*reader, *arguments, stdin=stdin)
        return done.out + done.err

    assert ask("auth", "can-i", "get", "pods") == "yes\n"
    assert ask("auth", "can-i", "create", "pods").startswith("no")
    assert ask("get", "nodes", "-o", "name") == "node/vm-1\n"
    assert "Error from server (Forbidden)" in ask("get", "secrets")
    assert "Error from server (Forbidden)" in ask("create", "ns", "x")
    assert "(Forbidden)" in ask("create", "-f", "-", stdin=json.dumps(manifest()))
    assert "Error from server (Forbidden)" in ask("delete", "node", "vm-1")
    assert cluster.kubectl("get", "ns", "x").code != 0


def test_a_stranger_learns_nothing(cluster: Cluster) -> None:
    done = cluster.kubectl("--token", "wrong", "get", "pods")

    assert done.err == "error: You must be logged in to the server (Unauthorized)\n"


def test_what_the_server_offers(cluster: Cluster) -> None:
    kubectl = cluster.kubectl
    version = kubectl("version", "-o", "json")
    assert json.loads(version.out)["serverVersion"]["gitVersion"].startswith("v1.32.0+barepod")
    assert kubectl("api-versions").out.splitlines()[-1] == "v1"
    resources = kubectl("api-resources", "--no-headers").rows
    assert ["pods", "po", "v1", "true", "Pod"] in resources
    assert ["nodes", "no", "v1", "false", "Node"] in resources
    assert f"is running at {cluster.address}" in kubectl("cluster-info").out.replace("\x1b[0m", "")
    assert cluster.address in kubectl("config", "view").out
    assert kubectl("config", "current-context").out == "barepod\n"
    assert "__start_kubectl" in kubectl("completion", "bash").out
    completed = kubectl("__complete", "get", "nodes", "")
    assert completed.out.splitlines()[0] == "vm-1"


_POD = manifest()


def _wrong(**spec: object) -> str:
    return json.dumps({**_POD, "spec": {**_POD["spec"], **spec}})


def test_errors_in_familiar_words(space: Space) -> None:
    create = ("create", "-f", "-")
    typo = json.loads(_wrong())
    typo["spec"]["containers"][0]["comand"] = ["x"]
    typo["spec"]["containers"][0]["livenessProbe"] = {"httpget": {"port": 1}}
    assert space.fails(*create, stdin=json.dumps(typo)) == (
        'Error from server (BadRequest): error when creating "STDIN": Pod in version "v1" '
        "cannot be handled as a Pod: strict decoding error: "
        'unknown field "spec.containers[0].comand", '
        'unknown field "spec.containers[0].livenessProbe.httpget"\n'
    )
    warned = space.kubectl(*create, "--validate=warn", "--dry-run=server", stdin=_typo())
    assert warned.out == "pod/web created (server dry run)\n"
    assert warned.err == 'Warning: unknown field "spec.containers[0].comand"\n'
    ignored = space.kubectl(*create, "--validate=false", "--dry-run=server", stdin=_typo())
    assert (ignored.out, ignored.err) == ("pod/web created (server dry run)\n", "")
    assert space.fails(*create, stdin=_wrong(restartPolicy="Sometimes")) == (
        'The Pod "web" is invalid: spec.restartPolicy: Unsupported value: "Sometimes": '
        'supported values: "Always", "OnFailure", "Never"\n'
    )
    several = space.fails(*create, stdin=_wrong(restartPolicy="Sometimes", dnsPolicy="Maybe"))
    assert several.startswith('The Pod "web" is invalid: \n* spec.')
    kind = space.fails(*create, stdin=_wrong(containers="none"))
    assert "json: cannot unmarshal string into Go struct field PodSpec.spec.containers" in kind
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}
    told = space.fails("apply", "-f", "-", stdin=json.dumps(deployment))
    assert 'no matches for kind "Deployment" in version "apps/v1"' in told
    assert told.endswith("ensure CRDs are installed first\n")


def _typo() -> str:
    typo = json.loads(_wrong())
    typo["spec"]["containers"][0]["comand"] = ["x"]
    return json.dumps(typo)


def test_errors_of_names(space: Space) -> None:
    create = ("create", "-f", "-")
    space.does(*create, stdin=json.dumps(_POD))
    assert space.fails(*create, stdin=json.dumps(_POD)) == (
        'Error from server (AlreadyExists): error when creating "STDIN": '
        'pods "web" already exists\n'
    )
    bad = {**_POD, "metadata": {"name": "Bad_Name"}}
    assert space.fails(*create, stdin=json.dumps(bad)).startswith(
        'The Pod "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": '
        "a lowercase RFC 1123 subdomain must consist of"
    )
    other = {**_POD, "metadata": {"name": "x", "namespace": "other"}}
    told = space.fails(*create, stdin=json.dumps(other))
    assert told == (
        'error: the namespace from the provided object "other" does not match the namespace '
        f"\"{space.name}\". You must pass '--namespace=other' to perform this operation.\n"
    )


def test_names_are_made_up(space: Space) -> None:
    made = {**_POD, "metadata": {"generateName": "web-"}}

    names = {space.does("create", "-f", "-", stdin=json.dumps(made)) for _ in range(3)}

    assert len(names) == 3
    assert all(name.startswith("pod/web-") for name in names)
