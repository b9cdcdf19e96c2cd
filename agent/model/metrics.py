"""What pods and the node use (metrics.k8s.io/v1beta1)."""

from __future__ import annotations

from agent.model.base import Object, ResourceList, Time, always
from agent.model.meta import ObjectMeta


class ContainerMetrics(Object):
    """What one container uses."""

    name: str = always(factory=str)
    usage: ResourceList = always(factory=dict)


class PodMetrics(Object):
    """What the containers of a pod use, measured over `window`."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    timestamp: Time | None = always(factory=lambda: None)
    window: str = always(factory=str)
    containers: tuple[ContainerMetrics, ...] = always(factory=tuple)


class NodeMetrics(Object):
    """What the node uses, measured over `window`."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    timestamp: Time | None = always(factory=lambda: None)
    window: str = always(factory=str)
    usage: ResourceList = always(factory=dict)
