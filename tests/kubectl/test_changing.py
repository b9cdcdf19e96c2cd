"""Creating, applying, replacing, editing, patching: every way to change what is wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cluster import Cluster, Space, manifest

pytestmark = pytest.mark.integration

_FORBIDDEN = (
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"
)
_CONFLICT = (
    'Operation cannot be fulfilled on pods "web": the object has been modified; '
    "please apply your changes to the latest version and try again"
)


def _text(**labels: str) -> str:
    made = manifest()
    made["metadata"]["labels"] |= labels
    return json.dumps(made)


def _labels(space: Space) -> dict[str, str]:
    found: dict[str, str] = space.get("pod", "web")["metadata"]["labels"]
    return found


@pytest.fixture
def web(space: Space) -> Iterator[Space]:
    """A namespace with a pod `web` in it, applied."""
    assert space.does("apply", "-f", "-", stdin=_text()) == "pod/web created\n"
    yield space
    space.kubectl("delete", "pod", "web", "--now", "--wait=false")


def test_apply_on_the_client(web: Space) -> None:
    assert web.does("apply", "-f", "-", stdin=_text()) == "pod/web unchanged\n"
    assert web.does("apply", "-f", "-", stdin=_text(a="b")) == "pod/web configured\n"
    assert _labels(web) == {"app": "web", "a": "b"}
    assert web.does("apply", "-f", "-", stdin=_text()) == "pod/web configured\n"
    assert _labels(web) == {"app": "web"}


def test_apply_on_the_server(space: Space) -> None:
    apply = ("apply", "--server-side", "-f", "-")

    assert space.does(*apply, stdin=_text(a="b")) == "pod/web serverside-applied\n"
    assert space.does(*apply, stdin=_text()) == "pod/web serverside-applied\n"

    assert _labels(space) == {"app": "web"}
    owners = space.does("get", "pod", "web", "-o", "yaml", "--show-managed-fields")
    assert "manager: kubectl\n" in owners
    other = space.fails(*apply, "--field-manager=other", stdin=_text(app="x"))
    assert "Apply failed with 1 conflict: conflict with" in other
    assert ".metadata.labels.app" in other
    forced = space.does(*apply, "--field-manager=other", "--force-conflicts", stdin=_text(app="x"))
    assert forced == "pod/web serverside-applied\n"
    assert _labels(space) == {"app": "x"}


def test_apply_on_the_server_goes_on_with_what_the_client_applied(web: Space) -> None:
    said = web.does("apply", "--server-side", "-f", "-", stdin=_text(a="b"))

    assert said == "pod/web serverside-applied\n"
    assert _labels(web) == {"app": "web", "a": "b"}


def test_apply_by_force_makes_a_new_pod(web: Space) -> None:
    before = web.get("pod", "web")["metadata"]["uid"]
    text = json.dumps(manifest(restartPolicy="Never"))

    refused = web.fails("apply", "-f", "-", stdin=text)
    assert _FORBIDDEN in refused
    said = web.does("apply", "--force", "--timeout=20s", "-f", "-", stdin=text)

    assert said == "pod/web configured\n"
    assert web.get("pod", "web")["metadata"]["uid"] != before


def test_diff_tells_what_would_change(web: Space) -> None:
    assert web.does("diff", "-f", "-", stdin=_text()) == ""

    done = web.kubectl("diff", "-f", "-", stdin=_text(a="b"))

    assert done.code == 1, done.err
    changes = [line for line in done.out.splitlines() if line.startswith(("+  ", "-  "))]
    assert changes == ["+    a: b"]
    assert _labels(web) == {"app": "web"}


@pytest.mark.parametrize("where", ["server", "client"])
def test_a_dry_run_changes_nothing(space: Space, where: str) -> None:
    how = f"--dry-run={where}"
    shown = {"server": "server dry run", "client": "dry run"}[where]

    said = space.does("create", how, "-f", "-", stdin=_text())
    assert said == f"pod/web created ({shown})\n"
    assert space.does("get", "pods", "-o", "name") == ""
    space.does("create", "-f", "-", stdin=_text())
    assert space.does("label", how, "pod", "web", "a=b") == f"pod/web labeled ({shown})\n"
    assert space.does("delete", how, "pod", "web") == f'pod "web" deleted ({shown})\n'
    assert _labels(space) == {"app": "web"}


def test_a_dry_run_shows_what_would_be_stored(space: Space) -> None:
    made = json.loads(
        space.does("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=_text())
    )

    assert made["spec"]["restartPolicy"] == "Always"
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_replace(web: Space) -> None:
    live = web.get("pod", "web")
    live["metadata"]["labels"] = {"app": "web", "a": "b"}

    assert web.does("replace", "-f", "-", stdin=json.dumps(live)) == "pod/web replaced\n"
    assert _labels(web) == {"app": "web", "a": "b"}
    assert _CONFLICT in web.fails("replace", "-f", "-", stdin=json.dumps(live))
    assert web.does("replace", "-f", "-", stdin=_text()) == "pod/web replaced\n"
    assert _labels(web) == {"app": "web"}


def test_replace_by_force(web: Space) -> None:
    before = web.get("pod", "web")["metadata"]["uid"]
    text = json.dumps(manifest(restartPolicy="Never"))

    said = web.does("replace", "--force", "-f", "-", stdin=text)

    assert said == 'pod "web" deleted\npod/web replaced\n'
    assert web.get("pod", "web")["metadata"]["uid"] != before


def test_edit(web: Space) -> None:
    environ = {"KUBE_EDITOR": "sed -i s/app:.web/app:\\ edited/"}

    assert web.does("edit", "pod", "web", environ=environ) == "pod/web edited\n"
    assert _labels(web) == {"app": "edited"}
    same = web.kubectl("edit", "pod", "web", environ={"KUBE_EDITOR": "true"})
    assert same.err == "Edit cancelled, no changes made.\n"


_PATCHES: list[tuple[str, Any]] = [
    ("strategic", {"metadata": {"labels": {"a": "b"}}}),
    ("merge", {"metadata": {"labels": {"a": "b"}}}),
    ("json", [{"op": "add", "path": "/metadata/labels/a", "value": "b"}]),
]


@pytest.mark.parametrize(("kind", "patch"), _PATCHES)
def test_patches_of_every_kind(web: Space, kind: str, patch: Any) -> None:
    given = ("patch", "pod", "web", f"--type={kind}", "-p", json.dumps(patch))

    assert web.does(*given) == "pod/web patched\n"
    assert _labels(web) == {"app": "web", "a": "b"}
    assert web.does(*given) == "pod/web patched (no change)\n"


def test_a_patch_that_does_not_fit_is_refused(web: Space) -> None:
    gone = json.dumps([{"op": "remove", "path": "/metadata/labels/x"}])
    told = web.fails("patch", "pod", "web", "--type=json", "-p", gone)
    assert told.startswith("The request is invalid: patch: remove operation does not apply: ")
    assert "/metadata/labels/x" in told

    stale = json.dumps({"metadata": {"resourceVersion": "1", "labels": {"a": "b"}}})
    assert _CONFLICT in web.fails("patch", "pod", "web", "-p", stale)
    unknown = json.dumps({"metadata": {"labls": {}}})
    said = web.kubectl("patch", "pod", "web", "-p", unknown)
    assert said.err == 'Warning: unknown field "metadata.labls"\n'
    assert _labels(web) == {"app": "web"}


def test_a_status_is_patched_as_a_subresource(web: Space) -> None:
    condition = {"type": "example.com/fed", "status": "True"}
    patch = json.dumps({"status": {"conditions": [condition]}})

    assert web.does("patch", "pod", "web", "--subresource=status", "-p", patch)

    conditions = web.get("pod", "web", "--subresource=status")["status"]["conditions"]
    assert "example.com/fed" in [one["type"] for one in conditions]
    assert len(conditions) > 1


def test_labels_and_annotations(web: Space) -> None:
    assert web.does("label", "pod", "web", "a=b") == "pod/web labeled\n"
    told = web.fails("label", "pod", "web", "a=c")
    assert told == "error: 'a' already has a value (b), and --overwrite is false\n"
    assert web.does("label", "pod", "web", "a=c", "--overwrite") == "pod/web labeled\n"
    assert web.does("label", "pods", "-l", "a=c", "a-") == "pod/web unlabeled\n"
    assert _labels(web) == {"app": "web"}
    assert web.does("annotate", "pod", "web", "note=hi") == "pod/web annotated\n"
    assert web.get("pod", "web")["metadata"]["annotations"]["note"] == "hi"
    refused = web.fails("label", "pod", "web", "a=not a label")
    assert "a valid label must be an empty string or consist of alphanumeric characters" in refused


def test_a_new_image_restarts_the_container(space: Space) -> None:
    space.run()

    assert space.does("set", "image", "pod/web", "main=alpine") == "pod/web image updated\n"

    space.until(lambda: space.row()[1:4] == ["1/1", "Running", "1"])
    assert "Container main definition changed, will be restarted" in space.does("get", "events")


def test_what_cannot_change_is_refused(web: Space) -> None:
    told = web.fails("patch", "pod", "web", "-p", '{"spec": {"hostNetwork": true}}')

    assert told.startswith('The Pod "web" is invalid: spec: Forbidden')
    assert _FORBIDDEN in told
    name = json.dumps({"metadata": {"name": "other"}})
    assert "the name of the object" in web.fails("patch", "pod", "web", "-p", name)


def test_prune_removes_what_is_not_applied_any_more(space: Space) -> None:
    both = {"apiVersion": "v1", "kind": "List", "items": [manifest(name="a"), manifest(name="b")]}
    space.does("apply", "-f", "-", stdin=json.dumps(both))
    space.does("label", "pods", "--all", "team=x")
    only = manifest(name="a")
    only["metadata"]["labels"]["team"] = "x"

    prune = ("apply", "--prune", "-l", "team=x", "--prune-allowlist=core/v1/Pod", "-f", "-")
    said = space.kubectl(*prune, stdin=json.dumps(only))

    assert said.out == "pod/a configured\npod/b pruned\n", said.err


def test_objects_of_several_kinds_at_once(space: Space, cluster: Cluster) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c"},
        "data": {"k": "v"},
    }
    listed = {"apiVersion": "v1", "kind": "List", "items": [config, manifest()]}

    said = space.does("create", "-f", "-", stdin=json.dumps(listed))

    assert said == "configmap/c created\npod/web created\n"
    assert space.does("delete", "cm/c", "pod/web", "--now") == (
        'configmap "c" deleted\npod "web" deleted\n'
    )


def test_owners_and_finalizers_are_kept(web: Space) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "1-2-3"}
    patch = {"metadata": {"ownerReferences": [owner], "finalizers": ["example.com/wait"]}}

    web.does("patch", "pod", "web", "-p", json.dumps(patch))

    found = web.get("pod", "web")["metadata"]
    assert found["ownerReferences"] == [owner]
    assert web.does("delete", "pod", "web", "--now", "--wait=false") == 'pod "web" deleted\n'
    web.until(lambda: web.get("pod", "web")["status"]["phase"] in ("Failed", "Succeeded"))
    assert "deletionTimestamp" in web.get("pod", "web")["metadata"]
    web.does("patch", "pod", "web", "--type=merge", "-p", '{"metadata": {"finalizers": null}}')
    assert "not found" in web.fails("get", "pod", "web")
