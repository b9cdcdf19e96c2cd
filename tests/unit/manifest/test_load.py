"""Files become pods that can run, and every problem is told with its place."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.manifest.decode import encode, to_json
from agent.manifest.load import Manifest, load

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: main
    image: nginx
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def write_and_load(text: str, name: str = "pod.yaml") -> Manifest:
        Path(name).write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return load([name])

    return write_and_load


def problems(manifest: Manifest) -> list[str]:
    return [str(problem) for problem in manifest.problems]


def test_a_pod_is_complete(write: Any) -> None:
    manifest = write(POD)

    (loaded,) = manifest.pods
    assert manifest.problems == ()
    assert loaded.pod.metadata.namespace == "default"
    assert loaded.pod.spec.restart_policy == "Always"
    assert loaded.given.spec.restart_policy == ""
    assert loaded.file == "pod.yaml"
    assert loaded.line_of("spec.containers[0].image") == 7
    assert loaded.line_of("spec.containers[0].terminationMessagePath") == 6


def test_all_problems_are_told_at_once_in_the_order_of_lines(write: Any) -> None:
    manifest = write(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: Web}
        spec:
          hostPID: true
          containers:
          - name: main
            image: nginx
            livenessProbe:
              periodSecond: 5
            ports: [{containerPort: "80"}]
            resources: {limits: {cpu: 1q}}
            image: nginx
            lifecycle: {preStop: {exec: {command: [a]}, sleep: {seconds: 1}}}
          volumes:
          - {name: v, nfs: {}}
        """
    )

    found = [problem.split(": ", 2) for problem in problems(manifest)]
    assert manifest.pods == ()
    assert [(place, path) for place, path, _ in found] == [
        ("pod.yaml:3", "metadata.name"),
        ("pod.yaml:5", "spec.hostPID"),
        ("pod.yaml:9", "spec.containers[0].livenessProbe"),
        ("pod.yaml:10", "spec.containers[0].livenessProbe.periodSecond"),
        ("pod.yaml:11", "spec.containers[0].ports[0].containerPort"),
        ("pod.yaml:12", "spec.containers[0].resources.limits.cpu"),
        ("pod.yaml:13", "spec.containers[0].image"),
        ("pod.yaml:14", "spec.containers[0].lifecycle.preStop.sleep"),
        ("pod.yaml:16", "spec.volumes[0].nfs"),
    ]
    assert found[3][2] == "unknown field (did you mean periodSeconds?)"
    assert found[4][2] == 'must be an integer, got "80" (leave the quotes out)'
    assert found[6][2] == "duplicate field: already set on line 8"


def test_a_list_holds_objects(write: Any) -> None:
    manifest = write(
        """
        {"kind": "List", "apiVersion": "v1", "items": [
          {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "c"}, "data": {"a": "b"}},
          {"kind": "PodList", "apiVersion": "v1", "items": [
            {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": 5}]}}]},
          3]}
        """,
        "list.json",
    )

    assert manifest.config_maps[0].data == {"a": "b"}
    assert manifest.config_maps[0].metadata.namespace == "default"
    assert problems(manifest) == [
        "list.json:4: items[1].items[0].spec.containers[0].image: must be a string, got 5"
        ' (write "5")',
        "list.json:5: items[2]: must be a map with apiVersion and kind",
    ]


@pytest.mark.parametrize("items", ["", "items: 5"])
def test_a_list_without_a_list_is_a_problem(write: Any, items: str) -> None:
    found = problems(write(f"kind: List\napiVersion: v1\n{items}\n"))

    assert len(found) == 1
    assert found[0].endswith("items: must be a list of objects")


def test_a_secret_is_written_in_either_way(write: Any) -> None:
    manifest = write(
        """
        kind: Secret
        apiVersion: v1
        metadata: {name: s, namespace: x}
        data: {a: aGk=, b: aGk=}
        stringData: {b: ho}
        """
    )

    assert manifest.problems == ()
    (secret,) = manifest.secrets
    assert (secret.data, secret.string_data, secret.type) == (
        {"a": "aGk=", "b": "aG8="},
        {},
        "Opaque",
    )


@pytest.mark.parametrize(
    ("kind", "api_version"),
    [
        ("Deployment", "apps/v1"),
        ("ReplicaSet", "apps/v1"),
        ("StatefulSet", "apps/v1"),
        ("DaemonSet", "apps/v1"),
        ("Job", "batch/v1"),
    ],
)
def test_a_workload_runs_as_one_pod_with_a_note(write: Any, kind: str, api_version: str) -> None:
    manifest = write(
        f"""
        apiVersion: {api_version}
        kind: {kind}
        metadata: {{name: web, namespace: shop}}
        spec:
          template:
            metadata: {{name: other, labels: {{app: web}}}}
            spec:
              restartPolicy: {"OnFailure" if kind == "Job" else "Always"}
              containers: [{{name: main, image: nginx}}]
        """
    )

    (loaded,) = manifest.pods
    assert manifest.problems == ()
    assert (loaded.pod.metadata.namespace, loaded.pod.metadata.name) == ("shop", "web")
    assert loaded.pod.metadata.labels == {"app": "web"}
    assert loaded.pod.kind == "Pod"
    assert loaded.line_of("spec.restartPolicy") == 8
    (note,) = manifest.notes
    assert note.startswith(f"pod.yaml:1: {kind} 'web' runs as one pod; ")


def test_a_problem_of_a_template_is_shown_where_it_is_written(write: Any) -> None:
    manifest = write(
        """
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: web}
        spec:
          schedule: "* * * * *"
          jobTemplate:
            spec:
              template:
                spec:
                  restartPolicy: Never
                  containers:
                  - {name: M, image: x, comand: [a]}
        """
    )

    at = "pod.yaml:12: spec.jobTemplate.spec.template.spec.containers[0]"
    found = problems(manifest)
    assert found[0] == f"{at}.comand: unknown field (did you mean command?)"
    assert found[1].startswith(f'{at}.name: Invalid value: "M": ')
    assert len(found) == 2


def test_a_wrong_type_hides_no_other_problem_of_its_line(write: Any) -> None:
    manifest = write(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: Up, labels: {a: 1}}
        spec:
          containers:
          - {image: x, name: 5, ports: [{containerPort: "80"}, {containerPort: 70000}]}
          - {imagee: x, name: b, livenessProbe: {exec: {command: [a]}, sleep: 1, grpc: {port: 5}}}
        """
    )

    assert [(problem.line, problem.path) for problem in manifest.problems] == [
        (3, "metadata.labels.a"),
        (3, "metadata.name"),
        (6, "spec.containers[0].name"),
        (6, "spec.containers[0].ports[0].containerPort"),
        (6, "spec.containers[0].ports[1].containerPort"),
        (7, "spec.containers[1].imagee"),
        (7, "spec.containers[1].livenessProbe.sleep"),
        (7, "spec.containers[1].livenessProbe.grpc"),
    ]


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("apiVersion: v1", "1: kind: is missing: one of Pod, ConfigMap, Secret, Deployment,"),
        ("apiVersion: v1\nkind: 5", "2: kind: must be one of Pod,"),
        ("kind: Pod", '1: apiVersion: is missing or no text: write "v1"'),
        ("kind: Job\napiVersion: v1", '2: apiVersion: must be "batch/v1" for a Job'),
        ("kind: Podd\napiVersion: v1", "1: kind: Podd of v1 is not known here (did you mean Pod?)"),
        ("kind: X\napiVersion: a/b", "1: kind: X of a/b is not known here"),
        ("- a", "1: must be a map with apiVersion and kind"),
        ("just text", "1: must be a map with apiVersion and kind"),
    ],
)
def test_an_object_of_no_known_kind_is_a_problem(write: Any, head: str, problem: str) -> None:
    (found,) = problems(write(head))

    assert found.startswith(f"pod.yaml:{problem}")


def test_objects_for_a_cluster_are_noted(write: Any) -> None:
    manifest = write(
        """
        # nothing here
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: 5
        """
    )

    assert manifest.problems == ()
    assert manifest.notes == (
        "pod.yaml:3: Service 'web' has no meaning here and is ignored",
        "pod.yaml:7: Ingress has no meaning here and is ignored",
    )


def test_two_pods_of_one_name_are_a_problem_over_all_files(write: Any) -> None:
    write(POD, "a.yaml")
    write("kind: Secret\napiVersion: v1\nmetadata: {name: web}\n---" + POD, "b.yaml")

    manifest = load(["a.yaml", "b.yaml"])

    assert len(manifest.pods) == 1
    assert problems(manifest) == [
        "b.yaml:7: metadata.name: Pod default/web is already defined at a.yaml:1"
    ]


def test_the_same_name_in_another_namespace_is_another_pod(write: Any) -> None:
    manifest = write(POD + "---" + POD.replace("name: web", "name: web, namespace: b"))

    assert [loaded.pod.metadata.namespace for loaded in manifest.pods] == ["default", "b"]


def test_a_generated_name_is_the_same_in_every_run(write: Any) -> None:
    text = POD.replace("name: web", "generateName: web-")

    first, second = write(text), write(text)

    name = first.pods[0].pod.metadata.name
    assert name.startswith("web-")
    assert len(name) == len("web-") + 5
    assert second.pods[0].pod.metadata.name == name


def test_what_is_ignored_goes_with_the_pod(write: Any) -> None:
    (loaded,) = write(POD + "  nodeName: here\n").pods

    assert [ignored.path for ignored in loaded.ignored] == ["spec.nodeName"]


def test_lists_cannot_be_nested_for_ever(write: Any) -> None:
    text = "{kind: List, apiVersion: v1, items: [" * 9 + "]}" * 9

    assert [text.partition("]: ")[2] for text in problems(write(text))] != [""]
    assert problems(write(text))[0].endswith("lists are nested too deep")


def test_a_pod_in_toml_is_the_same_pod(write: Any) -> None:
    toml = write(
        """
        [metadata]
        name = "web"
        [[spec.containers]]
        name = "main"
        image = "nginx"
        """,
        "pod.toml",
    )
    yaml = write(POD)

    assert toml.pods[0].pod == yaml.pods[0].pod


def test_a_pod_survives_being_written_as_json(write: Any, tmp_path: Path) -> None:
    pod = write(POD).pods[0].pod
    Path("again.json").write_bytes(to_json(pod))

    (again,) = load(["again.json"]).pods

    assert encode(again.pod) == encode(pod)


def test_several_files_are_read_even_if_one_is_bad(write: Any) -> None:
    write(POD, "a.yaml")

    manifest = load(["none.yaml", "a.yaml"])

    assert len(manifest.pods) == 1
    assert problems(manifest) == ["none.yaml:1: cannot be read: no such file or directory"]


@pytest.mark.parametrize("text", ["# a comment\n", "---\n---\n", "null\n"])
def test_a_file_without_any_object_is_empty(write: Any, text: str) -> None:
    assert problems(write(text)) == ["pod.yaml:1: is empty"]


def test_problems_without_number_are_counted(write: Any) -> None:
    found = problems(write(POD + "".join(f"  x{n}: 1\n" for n in range(1000))))

    assert len(found) == 201
    assert found[0].startswith("pod.yaml:8: spec.x0: unknown field")
    assert found[-1] == "pod.yaml:207: 800 more problems"


_LINES = st.lists(
    st.sampled_from(POD.strip().splitlines()) | st.text(" -:{}[]&*ab\t", max_size=12), max_size=10
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_LINES.map("\n".join))
def test_no_text_makes_loading_fail(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.yaml"
    path.write_text(text, encoding="utf-8")

    manifest = load([str(path)])

    assert all(p.file == str(path) and p.line >= 1 and p.text for p in manifest.problems)
