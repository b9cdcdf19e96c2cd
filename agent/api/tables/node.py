"""What does `kubectl get nodes` print? (printers.go: printNode)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from agent.api.tables.column import AGE, NAME, NONE, UNKNOWN, Cells, age, text, wide
from agent.model.node import Node

COLUMNS: Final = (
    NAME,
    text("Status", "Whether the node is ready, and whether it takes pods."),
    text("Roles", "Roles, by the labels of the node."),
    AGE,
    text("Version", "Version of Kubernetes that the node's agent speaks."),
    wide("Internal-IP", "First internal address."),
    wide("External-IP", "First external address."),
    wide("OS-Image", "Operating system."),
    wide("Kernel-Version", "Version of the kernel."),
    wide("Container-Runtime", "What runs the containers, with its version."),
)
_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE = "kubernetes.io/role"


def cells(node: Node, now: datetime) -> Cells:
    """The row of a node."""
    info = node.status.node_info
    return (
        node.metadata.name,
        _status(node),
        ",".join(roles(node.metadata.labels)) or NONE,
        age(node, now),
        info.kubelet_version,
        _address(node, "InternalIP"),
        _address(node, "ExternalIP"),
        info.os_image or UNKNOWN,
        info.kernel_version or UNKNOWN,
        info.container_runtime_version or UNKNOWN,
    )


def roles(labels: Mapping[str, str]) -> list[str]:
    """The roles of a node with these labels, in order."""
    found = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    return sorted((found | {labels.get(_ROLE, "")}) - {""})


def _status(node: Node) -> str:
    """By the condition Ready; of several the last counts."""
    said = [c.status for c in node.status.conditions if c.type == "Ready"]
    words = [("Ready" if said[-1] == "True" else "NotReady") if said else "Unknown"]
    if node.spec.unschedulable:
        words.append("SchedulingDisabled")
    return ",".join(words)


def _address(node: Node, kind: str) -> str:
    return next((a.address for a in node.status.addresses if a.type == kind), NONE)
