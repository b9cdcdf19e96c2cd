"""What `barepod validate` says, and with which exit code it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli.main import cli

GOOD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  nodeSelector:
    disk: ssd
  containers:
    - name: main
      image: nginx
      env:
        - {name: A, value: "1"}
        - {name: A, value: "2"}
"""
BAD = """\
apiVersion: v1
kind: Pod
metadata:
  name: Web
spec:
  containers:
    - name: main
      image: nginx
      livenessProbe:
        periodSecond: 3
        exec: {command: ["true"]}
"""


@pytest.fixture
def validate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command in an empty folder, on files given by their text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("BAREPOD_CONFIG", raising=False)
    (tmp_path / "empty.toml").touch()

    def run(*options: str, stdin: str = "", config: str = "", **files: str) -> Result:
        (tmp_path / "barepod.toml").write_text(config)
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        names = [f"{name}.yaml" for name in files]
        arguments = ["validate", *names, *options, "--config", "barepod.toml"]
        return CliRunner().invoke(cli, arguments, input=stdin)

    return run


def test_a_good_file_gets_a_line_per_pod_and_what_to_know_about_it(validate: Any) -> None:
    done = validate(pod=GOOD)

    assert done.stdout.splitlines() == [
        "pod.yaml:1: Pod default/web: good (1 container)",
        "pod.yaml:6: spec.nodeSelector: ignored: there is one machine, and every pod runs on it",
        'pod.yaml:10: spec.containers[0].image: image "nginx" means nothing on this machine: '
        "set command in the container, or say in barepod.toml what the image runs:",
        '    [images."nginx"]',
        '    entrypoint = ["PROGRAM"]',
        '    cmd = ["ARGUMENT"]',
        'pod.yaml:13: spec.containers[0].env[1]: warning: hides previous definition of "A", '
        "which may be dropped when using apply",
    ]
    assert done.stderr == ""
    assert done.exit_code == 0


def test_an_image_of_the_configuration_needs_no_remark(validate: Any) -> None:
    done = validate(pod=GOOD, config='[images."nginx"]\nentrypoint = ["nginx"]\n')

    assert "image" not in done.stdout


def test_all_problems_of_all_files_are_told_on_stderr(validate: Any) -> None:
    done = validate("missing.yaml", bad=BAD, good=GOOD)

    problems = done.stderr.splitlines()
    assert [line.partition(" ")[0] for line in problems] == ["bad.yaml:4:", "bad.yaml:10:",
                                                             "missing.yaml:1:"]  # fmt: skip
    assert problems[1] == (
        "bad.yaml:10: spec.containers[0].livenessProbe.periodSecond: unknown field "
        "(did you mean periodSeconds?)"
    )
    assert done.exit_code == 2


def test_a_bad_file_does_not_hide_the_pods_of_a_good_one(validate: Any) -> None:
    done = validate(bad=BAD, good=GOOD)

    assert done.stdout.startswith("good.yaml:1: Pod default/web: good (1 container)\n")


def test_standard_input_is_a_file_too(validate: Any) -> None:
    done = validate("-", stdin=GOOD)

    assert done.stdout.startswith("<stdin>:1: Pod default/web: good (1 container)\n")
    assert done.exit_code == 0


def test_a_file_without_a_pod_is_good_but_said_to_have_none(validate: Any) -> None:
    done = validate(only="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")

    assert done.stdout == "only.yaml: good, but there is no Pod in it\n"
    assert done.exit_code == 0


def test_a_workload_is_noted(validate: Any) -> None:
    done = validate(
        job="apiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\nspec: {template: {spec: "
        "{restartPolicy: Never, containers: [{name: a, image: b, command: [c]}]}}}\n"
    )

    assert done.stdout.splitlines() == [
        "job.yaml:1: Job 'once' runs as one pod; "
        "completions, parallelism and back-off limit are ignored",
        "job.yaml:1: Pod default/once: good (1 container)",
    ]


def test_json_holds_everything_in_one_object(validate: Any) -> None:
    done = validate("-o", "json", bad=BAD, good=GOOD)

    report = json.loads(done.stdout)
    assert report["valid"] is False
    assert [(one["file"], one["line"], one["path"]) for one in report["problems"]] == [
        ("bad.yaml", 4, "metadata.name"),
        ("bad.yaml", 10, "spec.containers[0].livenessProbe.periodSecond"),
    ]
    (pod,) = report["pods"]
    assert (pod["file"], pod["line"], pod["namespace"], pod["name"]) == (
        "good.yaml", 1, "default", "web",
    )  # fmt: skip
    assert [(one["kind"], one["line"], one["path"]) for one in pod["remarks"]] == [
        ("ignored", 6, "spec.nodeSelector"),
        ("image", 10, "spec.containers[0].image"),
        ("warning", 13, "spec.containers[0].env[1]"),
    ]
    assert done.stderr == ""
    assert done.exit_code == 2


def test_a_bad_configuration_ends_the_command_before_anything_is_checked(validate: Any) -> None:
    done = validate(pod=GOOD, config="[nodes]\n")

    assert done.stderr.startswith("barepod.toml:1: nodes: unknown key (did you mean node?)")
    assert done.stdout == ""
    assert done.exit_code == 2
