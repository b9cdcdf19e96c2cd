"""Pods as they are after defaulting, for the tests of validation."""

from __future__ import annotations

from typing import Any

from agent.manifest.decode import decode
from agent.model.pod import Pod

Fields = dict[str, Any]

CONTAINER_DEFAULTS: Fields = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "IfNotPresent",
}
SPEC_DEFAULTS: Fields = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "terminationGracePeriodSeconds": 30,
    "schedulerName": "default-scheduler",
    "securityContext": {},
}


def container(name: str = "main", **fields: Any) -> Fields:
    """A valid container, with `fields` instead of or beside its own."""
    return {"name": name, "image": "app:1", **CONTAINER_DEFAULTS, **fields}


def pod(
    *containers: Fields,
    metadata: Fields | None = None,
    annotations: Fields | None = None,
    **spec: Any,
) -> Pod:
    """A valid defaulted pod with these containers (one, if none is given) and spec fields."""
    meta: Fields = {"name": "web", "namespace": "default", **(metadata or {})}
    if annotations is not None:
        meta["annotations"] = annotations
    value = {
        "metadata": meta,
        "spec": {**SPEC_DEFAULTS, "containers": list(containers) or [container()], **spec},
    }
    decoded = decode(Pod, value)
    assert decoded.error is None, decoded.error
    assert not decoded.unknown, decoded.unknown
    return decoded.object


def merged(base: Fields, changes: Fields | None) -> Fields:
    """`base` with `changes`; a member that is None in the changes is left out."""
    result = {**base, **(changes or {})}
    return {name: value for name, value in result.items() if value is not None}
