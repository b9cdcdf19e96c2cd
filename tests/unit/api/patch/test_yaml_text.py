"""YAML as Kubernetes shows it."""

from __future__ import annotations

from agent.api.patch.yaml_text import to_yaml


def test_yaml_quotes_texts_that_would_be_something_else() -> None:
    value = {"b": ["1", "true", "x: y", "x" * 200, 1], "a": None, "c": "k\nl\n"}
    assert to_yaml(value) == (
        f'a: null\nb:\n- "1"\n- "true"\n- \'x: y\'\n- {"x" * 200}\n- 1\nc: |\n  k\n  l\n'
    )
