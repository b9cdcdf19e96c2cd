"""Plain values as YAML in the form in which Kubernetes shows them."""

from __future__ import annotations

import math
from typing import Any

import yaml

#: Booleans of YAML 1.1: Go's library quotes them, Python's does not.
_OLD_BOOLEANS = ("y", "Y", "n", "N")


class _Dumper(yaml.SafeDumper):
    """Quotes as Go's library does: a text that would be something else has double quotes."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    tag = "tag:yaml.org,2002:str"
    if "\n" in value:
        return dumper.represent_scalar(tag, value, style="|")
    plain = dumper.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
    is_text = plain == tag and value not in _OLD_BOOLEANS
    return dumper.represent_scalar(tag, value, style=None if is_text else '"')


_Dumper.add_representer(str, _text)


def to_yaml(value: Any, *, width: float = math.inf) -> str:
    """Return `value` as YAML, with sorted names; longer texts are folded."""
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, width=width)
    return text
