"""In which order does Kubernetes walk over all containers of a pod?"""

from __future__ import annotations

from collections.abc import Iterator

from agent.model.container import Container
from agent.model.pod import PodSpec


def containers_with_path(spec: PodSpec) -> Iterator[tuple[Container, str]]:
    """All containers and their paths: init, regular, ephemeral (VisitContainersWithPath)."""
    for index, container in enumerate(spec.init_containers):
        yield container, f"spec.initContainers[{index}]"
    for index, container in enumerate(spec.containers):
        yield container, f"spec.containers[{index}]"
    for index, container in enumerate(spec.ephemeral_containers):
        yield container, f"spec.ephemeralContainers[{index}]"
