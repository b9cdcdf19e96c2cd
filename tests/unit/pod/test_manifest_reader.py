"""Which names are manifests, and what of a problem may be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.manifest.errors import Problem
from agent.pod.manifest_reader import ManifestReader, is_manifest_name, without_value


@pytest.mark.parametrize("name", ["a.yaml", "a.yml", "a.json", "a.toml", "a.b.yaml"])
def test_these_names_are_manifests(name: str) -> None:
    assert is_manifest_name(name)


@pytest.mark.parametrize("name", [".a.yaml", "a.yaml~", ".a.yaml.swp", "a.YAML.bak", "a", "4913"])
def test_what_editors_leave_is_no_manifest(name: str) -> None:
    assert not is_manifest_name(name)


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("stringData.k", "must be a string, got 5", "f:2: stringData.k: must be a string"),
        ("items[0].data.k", 'must be a map, got "x, y"', "f:2: items[0].data.k: must be a map"),
        (
            "spec.containers[0].env[0].value",
            "must be a string, got 5\n6",
            "f:2: spec.containers[0].env[0].value: must be a string",
        ),
        (
            "spec.containers[0].ports[0].containerPort",
            'must be a number, got "x"',
            'f:2: spec.containers[0].ports[0].containerPort: must be a number, got "x"',
        ),
        ("spec.volumes", "must be a list, got 5", "f:2: spec.volumes: must be a list, got 5"),
    ],
)
def test_a_value_that_may_be_secret_is_not_told(path: str, text: str, told: str) -> None:
    assert without_value(Problem("f", 2, path, text)) == told


def test_a_file_that_is_known_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("nonsense: [")
    reader = ManifestReader(directory=str(tmp_path))
    first = reader.read_all({})
    known = {name: file.version for name, file in first.files.items()}

    assert list(first.files) == ["a.yaml"]
    assert not reader.read_all(known).files
    assert not reader.read(["a.yaml"], known).files


def test_a_file_that_is_gone_is_told_whether_it_was_named_or_not(tmp_path: Path) -> None:
    reader = ManifestReader(directory=str(tmp_path))

    assert reader.read_all({"a.yaml": (1,)}).gone == {"a.yaml"}
    assert reader.read(["a.yaml", "a.txt"], {}).gone == {"a.yaml"}


def test_a_bug_of_ours_is_a_problem_of_that_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(raw: bytes, name: str) -> None:
        raise RecursionError("deep")

    monkeypatch.setattr("agent.pod.manifest_reader.load_content", broken)
    (tmp_path / "a.yaml").write_text("x")
    reading = ManifestReader(directory=str(tmp_path)).read_all({}).files["a.yaml"]

    assert reading.problems == (
        f"{tmp_path}/a.yaml:1: cannot be understood, internal error: RecursionError",
    )
