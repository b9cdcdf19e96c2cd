"""A file becomes documents, or a problem with its place."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.manifest.document import Document
from agent.manifest.errors import Problem
from agent.manifest.files import MAX_BYTES, read_documents


def values(path: Path) -> list[object]:
    found = list(read_documents(str(path)))
    assert all(isinstance(one, Document) for one in found), found
    return [one.value for one in found if isinstance(one, Document)]


def problem(path: Path) -> tuple[int, str]:
    (found,) = read_documents(str(path))
    assert isinstance(found, Problem)
    assert (found.file, found.path) == (str(path), "")
    return found.line, found.text


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("a.yaml", "kind: Pod", {"kind": "Pod"}),
        ("a.yml", "{kind: Pod}", {"kind": "Pod"}),
        ("a.json", '{"kind": "Pod"}', {"kind": "Pod"}),
        ("a.toml", "a = 1", {"a": 1, "kind": "Pod", "apiVersion": "v1"}),
        ("a.TOML", 'kind = "Job"', {"kind": "Job", "apiVersion": "batch/v1"}),
        ("a.toml", "kind = 5", {"kind": 5, "apiVersion": "v1"}),
        ("a", "kind: Pod", {"kind": "Pod"}),
        ("a", ' {"kind": "Pod"}', {"kind": "Pod"}),
        ("a", "# pod\n\n[metadata]\n", {"metadata": {}, "kind": "Pod", "apiVersion": "v1"}),
        ("a.conf", 'kind = "Pod"', {"kind": "Pod", "apiVersion": "v1"}),
        ("a.yaml", "\ufeffkind: Pod", {"kind": "Pod"}),
    ],
)
def test_the_suffix_or_the_text_tells_the_format(
    tmp_path: Path, name: str, text: str, value: object
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    assert values(tmp_path / name) == [value]


@pytest.mark.parametrize(
    ("raw", "line", "text"),
    [
        (b"", 1, "is empty"),
        (b" \n\n", 1, "is empty"),
        (b"a: 1\n\x00\x01", 2, "is binary, not a manifest"),
        (b"a: 1\nb: 1\nc: \xff\n", 3, "is not UTF-8 (byte 0xff)"),
        (b"a: 1\n\tb: 2\n", 2, "is not YAML: "),
        (b"x" * (MAX_BYTES + 1), 1, "is larger than 3 MiB"),
    ],
)
def test_what_is_no_manifest_is_a_problem(tmp_path: Path, raw: bytes, line: int, text: str) -> None:
    path = tmp_path / "pod.yaml"
    path.write_bytes(raw)

    found = problem(path)

    assert found[0] == line
    assert found[1].startswith(text)


def test_what_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    assert problem(tmp_path / "none") == (1, "cannot be read: no such file or directory")
    assert problem(tmp_path) == (1, "is a directory: name the files in it")
    assert problem(tmp_path / ("x" * 300)) == (1, "cannot be read: file name too long")


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"a: 1\n---\nb: [\n")))

    first, second = read_documents("-")

    assert isinstance(first, Document)
    assert first.value == {"a": 1}
    assert isinstance(second, Problem)
    assert (second.file, second.line) == ("<stdin>", 3)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary() | st.text("{}[]:-&*!|> \n\t'\"#%@ab1", max_size=40).map(str.encode),
    st.sampled_from([".yaml", ".json", ".toml", ""]),
)
def test_any_bytes_are_documents_or_a_problem(tmp_path: Path, raw: bytes, suffix: str) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(raw)

    for found in read_documents(str(path)):
        assert found.line >= 1
