"""Pods that wait for their scheduling gates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.updates import pod, texts, update


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ({"a": "1"}, {"a": "1", "b": "2"}, ""),
        ({"a": "1"}, {"a": "2"}, "only additions to spec.nodeSelector are allowed"),
        ({"a": "1"}, {}, "only additions to spec.nodeSelector are allowed"),
    ],
)
def test_a_gated_pod_may_be_narrowed_down(
    before: dict[str, str], after: dict[str, str], wrong: str
) -> None:
    gates = [{"name": "g"}]
    old = pod(schedulingGates=gates, nodeSelector=before)
    found = texts(update(pod(schedulingGates=gates, nodeSelector=after), old))
    assert bool(found) == bool(wrong)
    assert all(wrong in text for text in found)


def affinity(*terms: list[str]) -> dict[str, Any]:
    written = [
        {"matchExpressions": [{"key": key, "operator": "Exists"} for key in term]} for term in terms
    ]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": written}}
    return {"nodeAffinity": required}


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        (None, affinity(["a"]), ""),
        (affinity(["a"]), affinity(["a", "b"]), ""),
        (affinity(["a"]), affinity(["b"]), "only additions are allowed"),
        (affinity(["a"]), affinity(["a"], ["b"]), "no additions/deletions to non-empty"),
        (affinity(["a"]), None, "no additions/deletions to non-empty"),
    ],
)
def test_node_affinity_of_a_gated_pod(before: Any, after: Any, wrong: str) -> None:
    gates = [{"name": "g"}]
    old = pod(schedulingGates=gates, affinity=before)
    found = texts(update(pod(schedulingGates=gates, affinity=after), old))
    assert bool(found) == bool(wrong)
    assert all(wrong in text for text in found)
