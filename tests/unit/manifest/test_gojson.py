"""Go's ways to print values; more in test_errors.py."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from agent.manifest.gojson import go_name, to_json
from agent.model.gotext import quote


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])))
def test_a_quoted_text_has_no_raw_control_characters(text: str) -> None:
    quoted = quote(text)

    assert quoted.isprintable()
    assert quoted[0] == quoted[-1] == '"'


@given(st.dictionaries(st.text(), st.integers() | st.lists(st.text())))
def test_json_is_json(value: dict[str, object]) -> None:
    assert json.loads(to_json(value)) == value


def test_names_of_go_are_capitalised() -> None:
    assert [go_name(name) for name in ("runAsUser", "podIPs", "tty")] == [
        "RunAsUser",
        "PodIPs",
        "TTY",
    ]
