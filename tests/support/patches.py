"""Pods with lists of each kind that patches merge."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_NAMES = st.lists(st.sampled_from("abcdef"), unique=True)


_LABELS = st.dictionaries(st.sampled_from("klmn"), st.sampled_from("123"), max_size=4)


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    """Pods with lists of each kind."""
    containers = [
        {
            "name": name,
            "image": draw(st.sampled_from(["i", "j"])),
            "env": [{"name": key, "value": draw(st.sampled_from("12"))} for key in draw(_NAMES)],
            "command": draw(st.lists(st.sampled_from("xy"), max_size=2)),
        }
        for name in draw(_NAMES)
    ]
    volumes = [
        {"name": name, **draw(st.sampled_from([{"emptyDir": {}}, {"hostPath": {"path": "/"}}]))}
        for name in draw(_NAMES)
    ]
    return {
        "metadata": {"labels": draw(_LABELS), "finalizers": draw(_NAMES)},
        "spec": {"containers": containers, "volumes": volumes},
    }
