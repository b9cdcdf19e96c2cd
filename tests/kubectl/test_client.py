"""barepod's own commands beside kubectl's: the same words for the same question."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from agent.model.manifest_file import API_VERSION, KIND, ManifestFile, ManifestFileStatus
from agent.model.meta import ObjectMeta
from tests.support.api import Server, manifest
from tests.support.client import Client, without_ages

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

_SERVES = "echo hello; trap 'exit 0' TERM; while :; do sleep 0.1; done"
_TWO = {
    "containers": [
        {"name": "a", "image": "x", "command": ["sh", "-c", f"echo from a; {_SERVES}"]},
        {"name": "b", "image": "x", "command": ["sh", "-c", f"echo from b; {_SERVES}"]},
    ],
    "initContainers": [{"name": "first", "image": "x", "command": ["echo", "early"]}],
}
_SETTINGS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "default"},
    "data": {"level": "debug", "n": "1", "y": "y", "text": "one\ntwo\n"},
}


@pytest_asyncio.fixture
async def client(server: Server) -> Client:
    """Pods `web` and `two` run, and there is a ConfigMap."""
    made = Client(server)
    for obj in (manifest(_SERVES), manifest(_SERVES, "two", **_TWO), _SETTINGS):
        done = await server.kubectl("apply", "-f", "-", stdin=json.dumps(obj))
        assert done.code == 0, done.err
    done = await server.kubectl("wait", "pod", "--all", "--for=condition=Ready")
    assert done.code == 0, done.err
    for name in ("a", "b"):
        while "hello" not in (await server.kubectl("logs", "two", "-c", name)).out:
            pass  # it runs, and says so soon
    return made


@pytest.mark.parametrize(
    "lines",
    [
        (
            "pods",
            "po web -o wide",
            "pods -A",
            "pods,cm",
            "po,ns -A",
            "all --show-labels",
            "no -o wide",
        ),
        ("pod/web cm/settings", "pods -L app", "pods --no-headers", "po -l app=web --show-kind"),
        ("cm settings -o yaml", "pod web -o json", "pods -o name", "pods,cm -o name", "ns -o json"),
        (
            "pods -n nowhere",
            "pod nope web",
            "nope",
            "pods -l a=b",
            "pods -l a=b -o yaml",
            "pods a -A",
        ),
        (
            "pods --field-selector=a=b",
            "pod x -l a=b",
            "pods --sort-by=.spec.nope -o name",
        ),
        (
            "pod nope --ignore-not-found",
            "events -o wide",
            "leases -A",
            "pods --sort-by=.metadata.uid",
        ),
    ],
    ids=["tables", "columns", "objects", "nothing", "refusals", "others"],
)
async def test_get(client: Client, lines: Sequence[str]) -> None:
    for line in lines:
        await client.same("get", *line.split())


async def test_sorting(client: Client) -> None:
    """Digits are characters, unless both texts are quantities."""
    sizes = {"p2": "1Ki", "p10": "900", "p1a": "2k", "p02": "100m", "p1-1": "1.5"}
    maps = [
        {**_SETTINGS, "metadata": {"name": name, "namespace": "sorted"}, "data": {"size": size}}
        for name, size in sizes.items()
    ]
    await client.server.kubectl("create", "namespace", "sorted")
    for obj in maps:
        done = await client.server.kubectl("apply", "-f", "-", stdin=json.dumps(obj))
        assert done.code == 0, done.err

    for field in (".metadata.name", ".data.size", ".metadata.uid"):
        await client.same("get", "cm", "-n", "sorted", f"--sort-by={field}", "-o", "name")


@pytest.mark.parametrize(
    "form",
    [
        "jsonpath={.items[*].metadata.name}",
        'jsonpath={range .items[*]}{.metadata.name}{"\\t"}{.status.phase}{"\\n"}{end}',
        'jsonpath={.items[?(@.metadata.name=="web")].spec.containers[0].name}',
        "jsonpath={..image} {.items[0].metadata.labels} {.nope}",
        "jsonpath={.items[-1:].metadata['name','uid']}",
        "jsonpath={.items[0].spec.terminationGracePeriodSeconds}-{$.kind}",
        "custom-columns=NAME:.metadata.name,L:.metadata.labels,NO:.nope,C:spec.containers[*].name",
    ],
)
async def test_get_in_the_form_that_is_asked_for(client: Client, form: str) -> None:
    await client.same("get", "pods", "-o", form)


async def test_get_files(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all([_SETTINGS, manifest()]))

    await client.same("get", "-f", str(file))
    await client.same("get", "-f", str(file), "-o", "name")


@pytest.mark.parametrize("kind", ["pod two", "pods", "node", "cm settings", "ns default", "po tw"])
async def test_describe(client: Client, kind: str) -> None:
    def told(text: str) -> list[str]:
        # kubectl prints the keys of a ConfigMap in any order, and a lease that is renewed.
        return sorted(line for line in text.splitlines() if "Time:" not in line)

    theirs = await client.server.kubectl("describe", *kind.split())
    ours = await client.barepod("describe", *kind.split())

    assert told(without_ages(ours).out) == told(without_ages(theirs).out)
    assert ours.code == theirs.code == 0


@pytest.mark.parametrize("what", ["pods -l a=b", "pods -A -l a=b", "node -l a=b", "pod nope"])
async def test_nothing_to_describe(client: Client, what: str) -> None:
    await client.same("describe", *what.split())


async def test_events(client: Client) -> None:
    await client.same("events", "--for", "pod/web")
    await client.same("events", "-A", "--types=Warning")
    await client.same("events", "-n", "nowhere")


@pytest.mark.parametrize(
    "line",
    [
        "web",
        "two",
        "two --all-containers --prefix",
        "two -c b --tail=1",
        "two -p",
        "two -c nope",
        "nope",
        "-l app=web --prefix",
        "pod/two --prefix",
        "web --limit-bytes=3",
    ],
)
async def test_logs(client: Client, line: str) -> None:
    await client.same("logs", *line.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("two", "--", "echo", "hi"),
        ("web", "--", "sh", "-c", "echo out; echo err >&2; exit 3"),
        ("web", "--", "no-such-program"),
        ("-i", "pod/web", "--", "cat"),
        ("-it", "web", "--", "cat"),
        ("nope", "--", "ls"),
        ("web",),
    ],
    ids=["output", "exit code", "no program", "input", "no terminal", "no pod", "no command"],
)
async def test_exec(client: Client, arguments: Sequence[str]) -> None:
    await client.same("exec", *arguments, stdin="typed\n")


@pytest.mark.parametrize(
    "line",
    [
        "pod/web --for=condition=Ready",
        "pod/web --for=condition=Other --timeout=1s",
        "pod/nope --for=condition=Ready",
        "pod/nope --for=delete",
        "pod --all --for=jsonpath={.status.phase}=Running",
        "pod/web",
        "po -l a=b --for=condition=Ready",
        "pod/web --for=condition=Other --timeout=0s",
    ],
)
async def test_wait(client: Client, line: str) -> None:
    await client.same("wait", *line.split())


@pytest.mark.parametrize(
    "line",
    [
        "pod",
        "pod.spec",
        "pod.spec.containers.ports",
        "pods.metadata --recursive",
        "pod.nope",
        "pod.spec.restartPolicy",
        "lease.spec",
    ],
)
async def test_explain(client: Client, line: str) -> None:
    await client.same("explain", *line.split())


async def test_apply_knows_what_kubectl_applied(client: Client) -> None:
    text = json.dumps(manifest(_SERVES))
    await client.same("apply", "-f", "-", stdin=text)
    changed = json.loads(text)
    changed["metadata"]["labels"] = {"tier": "front"}

    ours = await client.barepod("apply", "-f", "-", stdin=json.dumps(changed))
    assert (ours.code, ours.out) == (0, "pod/web configured\n"), ours.err
    assert client.server.pod().metadata.labels == {"tier": "front"}
    again = await client.same("apply", "-f", "-", stdin=json.dumps(changed))
    assert again.out == "pod/web unchanged\n"


async def test_apply_tells_what_is_refused(client: Client) -> None:
    wrong = json.loads(json.dumps(manifest(_SERVES)))
    wrong["spec"]["containers"][0]["comand"] = ["x"]
    await client.same("apply", "-f", "-", stdin=json.dumps(wrong))
    wrong["metadata"]["name"] = "new"
    await client.same("apply", "-f", "-", stdin=json.dumps(wrong))
    await client.same("apply", "-f", "-", stdin=json.dumps(manifest(restartPolicy="Sometimes")))
    await client.same("create", "-f", "-", stdin=json.dumps(manifest(_SERVES)))
    for line in ("apply", "create", "apply -f /nowhere", "apply -f - --dry-run=client"):
        await client.same(*line.split(), stdin=json.dumps(manifest(_SERVES)))


async def test_server_side_apply(client: Client) -> None:
    text = json.dumps(manifest(_SERVES, "other"))
    ours = await client.barepod("apply", "--server-side", "-f", "-", stdin=text)
    assert ours.out == "pod/other serverside-applied\n", ours.err
    await client.same("apply", "--server-side", "-f", "-", stdin=text)
    await client.server.kubectl("label", "pod", "other", "app=changed", "--overwrite")

    refused = await client.barepod("apply", "--server-side", "-f", "-", stdin=text)
    assert refused.code == 1
    assert "--force-conflicts" in refused.err
    forced = await client.barepod(
        "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text
    )
    assert forced.code == 0, forced.err


async def test_delete(client: Client) -> None:
    for line in (
        "pod nope",
        "pod",
        "pods -l a=b",
        "",
        "pods --all --dry-run=client",
        "pod/web --dry-run=server",
        "ns default",
        "pods web -l a=b",
        "pod nope --ignore-not-found",
    ):
        await client.same("delete", *line.split())


async def test_what_a_file_names_is_not_there_to_delete(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "nope.yaml"
    file.write_text(yaml.safe_dump(manifest(name="nope")))

    refused = await client.same("delete", "-f", str(file))

    assert refused.code == 1


async def test_delete_returns_when_the_pod_is_gone(client: Client) -> None:
    ended = await client.barepod("delete", "pod", "web")
    assert (ended.code, ended.out) == (0, 'pod "web" deleted\n'), ended.err
    assert not client.server.has_pod()

    killed = await client.barepod("delete", "pod", "two", "--grace-period=0", "--force")
    assert killed.out == 'pod "two" force deleted\n'
    assert killed.err.startswith("Warning: Immediate deletion")


async def test_create_by_name(client: Client, tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(b"\xff\0")
    for line, said in (
        ("namespace team", "namespace/team created\n"),
        (f"configmap c --from-literal=a=1 --from-file={tmp_path}/raw", "configmap/c created\n"),
        ("secret generic s --from-literal=p=q", "secret/s created\n"),
    ):
        done = await client.barepod("create", *line.split())
        assert (done.code, done.out) == (0, said), done.err
    shown = await client.same("get", "secret,cm", "-o", "yaml")
    assert "p: cQ==" in shown.out
    assert "raw: /wA=" in shown.out
    await client.same("create", "namespace", "team")
    await client.same("create", "configmap", "c")


async def test_top(client: Client) -> None:
    for line in ("pod", "node", "pod --containers"):
        theirs = await client.server.kubectl("top", *line.split())
        ours = await client.barepod("top", *line.split())
        first = [done.out.splitlines()[0].split() for done in (ours, theirs)]
        assert first[0] == first[1]
        names = [[row.split()[0] for row in done.out.splitlines()] for done in (ours, theirs)]
        assert names[0] == names[1]
    await client.same("top", "pod", "-n", "nowhere")


async def test_files_of_the_manifest_directory_are_a_kind(client: Client) -> None:
    born = client.server.pod().metadata.creation_timestamp
    for name, state, problems in (
        ("bad.yaml", "Broken", ("bad.yaml:1: is not YAML", "bad.yaml:2: nor this")),
        ("good.yaml", "Active", ()),
    ):
        status = ManifestFileStatus(
            state=state, path=f"/m/{name}", problems=problems, pods=("default/web", "team/api")
        )
        metadata = ObjectMeta(name=name, uid=name, creation_timestamp=born)
        client.server.store.put(
            ManifestFile(api_version=API_VERSION, kind=KIND, metadata=metadata, status=status)
        )

    shown = await client.same("get", "manifests", "-o", "wide")
    assert shown.out.split("\n")[0].split() == ["NAME", "STATE", "PODS", "PROBLEMS", "AGE", "PATH"]
    assert "bad.yaml:1: is not YAML (and 1 more)" in shown.out
    assert "web,team/api" in shown.out
    await client.same("describe", "mf", "bad.yaml")
    await client.same("get", "mf/good.yaml", "-o", "yaml")
    refused = await client.same("delete", "mf", "bad.yaml")
    assert "MethodNotAllowed" in refused.err
