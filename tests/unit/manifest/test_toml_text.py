"""TOML is read as the same object, with the line of each statement."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.manifest.document import TextError, read_path
from agent.manifest.toml_text import read

POD = '''[metadata]
name = "web"
labels = { app = "web" }

[spec]
terminationGracePeriodSeconds = 5
note = """
[spec.containers]
x = 1
"""
[[spec.containers]]
name = "main"
livenessProbe.httpGet = { port = 80 }
command = [
  "sh",
]
[[spec.containers.env]]
name = "A"
[[spec.containers.env]]
name = "B"
[[spec.containers]]
name = "side"
[spec.containers.securityContext]
runAsUser = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("metadata.name", 2),
        ("metadata.labels.app", 3),
        ("spec", 5),
        ("spec.note", 7),
        ("spec.containers[0]", 11),
        ("spec.containers[0].livenessProbe.httpGet.port", 13),
        ("spec.containers[0].command[0]", 14),
        ("spec.containers[0].env[1].name", 20),
        ("spec.containers[1].name", 22),
        ("spec.containers[1].securityContext.runAsUser", 24),
        ("spec.volumes[0]", 5),
    ],
)
def test_a_field_has_the_line_of_its_statement(path: str, line: int) -> None:
    assert read(POD).line_of(read_path(path)) == line


def test_times_become_texts_and_floats_numbers() -> None:
    assert read("a = 2025-06-01T12:00:00Z\nb = 1.0\nc = 1.5\nd = 2025-06-01\n").value == {
        "a": "2025-06-01T12:00:00Z",
        "b": 1,
        "c": 1.5,
        "d": "2025-06-01",
    }


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\na = 2\n", 2), ("a = 1\n\nb =\n", 3), ("a = nan\n", 1), ("a = '", 1)]
)
def test_what_is_not_toml_has_a_line(text: str, line: int) -> None:
    with pytest.raises(TextError) as raised:
        read(text)

    assert raised.value.line == line


@settings(max_examples=50)
@given(st.text() | st.text("[]{}=\"'.\n abc#,1"))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read(text)
    except TextError as exc:
        lines = [exc.line]
    else:
        lines = [found.line_of((key,)) for key in cast(dict[str, object], found.value)]

    assert all(line >= 1 for line in lines)
