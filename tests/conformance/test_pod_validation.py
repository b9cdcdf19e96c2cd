"""Pods are refused with the API server's words, and accepted with its warnings."""

from __future__ import annotations

from typing import Any

from agent.manifest.validate import pod_warnings, validate_pod
from agent.model.pod import Pod
from tests.support import pods, tables


def _pod(row: dict[str, Any]) -> Pod:
    container = pods.merged(pods.container(), row.get("container"))
    metadata = {"name": "web", "namespace": "default", **row.get("metadata", {})}
    return pods.pod(container, metadata=pods.merged({}, metadata), **row.get("spec", {}))


@tables.rows("pod_validation")
def test_the_verdict_on_a_pod(row: dict[str, Any]) -> None:
    _check_verdict(row)


@tables.rows("pod_validation_cluster")
def test_the_verdict_on_fields_for_clusters(row: dict[str, Any]) -> None:
    _check_verdict(row)


def _check_verdict(row: dict[str, Any]) -> None:
    features = frozenset(row.get("features", ()))

    errors = [str(error) for error in validate_pod(_pod(row), features=features)]

    assert len(errors) == len(row["errors"]), errors
    for error, expected in zip(errors, row["errors"], strict=True):
        if expected.endswith("..."):
            assert error.startswith(expected.removesuffix("..."))
        else:
            assert error == expected


@tables.rows("pod_warnings")
def test_the_warnings_for_a_pod(row: dict[str, Any]) -> None:
    pod = _pod(row)

    # Files of projected sources may be so wrong that there is an error beside the warning.
    if not row.get("accepts_errors"):
        assert [str(error) for error in validate_pod(pod)] == []
    assert pod_warnings(pod) == row["warnings"]
