"""Pods to update, and what is said about it."""

from __future__ import annotations

from typing import Any

from agent.manifest.decode import decode
from agent.manifest.defaults import default_pod
from agent.manifest.update.common import Updated
from agent.manifest.update.pod import Subresource, update_pod
from agent.model.pod import Pod
from agent.rules.qos import qos_class

META = {"name": "p", "namespace": "d", "uid": "u", "resourceVersion": "1", "generation": 3}


def pod(meta: dict[str, Any] | None = None, status: Any = None, **spec: Any) -> Pod:
    containers = [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}]
    plain = {
        "metadata": META | (meta or {}),
        "spec": {"containers": containers, "serviceAccountName": "default", **spec},
        "status": status or {},
    }
    return default_pod(decode(Pod, plain).object)


def update(new: Pod, old: Pod, subresource: Subresource = "") -> Updated[Pod]:
    return update_pod(new, old, subresource, qos_class=qos_class)


def texts(updated: Updated[Pod]) -> list[str]:
    return list(dict.fromkeys(str(error).partition("\n")[0] for error in updated.errors))
