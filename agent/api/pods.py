"""Which pods does a path mean, and how do they stand?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from agent.model.pod import Pod
from agent.rules.traffic import Standing, container_standing, node_standing, pod_standing


class FindsPods(Protocol):
    """Where pods are published."""

    def get(self, kind: type[Pod], namespace: str, name: str) -> Pod | None: ...
    def list(self, kind: type[Pod]) -> Iterable[Pod]: ...


class KeepsState(Protocol):
    """What knows whether the state of the node reaches its disk."""

    @property
    def trouble(self) -> str:
        """Why it does not at the moment; "" when all is well."""
        ...


def pod_of(pods: FindsPods, namespace: str, name: str) -> Pod | None:
    """The pod of this name, as published."""
    return pods.get(Pod, namespace, name)


def standing_of(pods: FindsPods, path: list[str]) -> Standing | None:
    """How NAMESPACE/POD, NAMESPACE/POD/CONTAINER, or with an empty path all pods, stand.

    None when there is no such pod or container.
    """
    if not path:
        return node_standing(pods.list(Pod))
    if len(path) not in (2, 3):
        return None
    pod = pod_of(pods, path[0], path[1])
    if pod is None:
        return None
    return pod_standing(pod) if len(path) == 2 else container_standing(pod, path[2])
