"""What streaming needs of the node, and which container a request means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from agent.api.streaming.refusal import Refusal, bad_request
from agent.api.streaming.visits import Visits
from agent.model.container import Container
from agent.model.gotext import quote
from agent.model.pod import Pod
from agent.pod.access import RunAccess
from agent.pod.facts import PodFacts
from agent.pod.machine import Machine

#: What kubectl takes for the container when it is not told (client side; the API takes one only).
_TERMINAL: Final = ("Succeeded", "Failed")


class StreamingNode(msgspec.Struct, frozen=True, kw_only=True):
    """One of each; made with the API server and closed with it (`visits.close`).

    `facts` of a pod that runs, by namespace and name; `address` is the node's.
    """

    machine: Machine
    facts: Callable[[str, str], PodFacts | None]
    log_dir: str
    address: str
    visits: Visits

    def access(self, pod: Pod, container: Container) -> RunAccess:
        """The way into the container that runs (Refusal: it does not)."""
        facts = self.facts(pod.metadata.namespace, pod.metadata.name)
        instance = None if facts is None else facts.live.get(container.name)
        if instance is None:
            raise Refusal(
                500,
                "InternalError",
                f"unable to upgrade connection: container not found ({quote(container.name)})",
            )
        return instance.access


def container_of(pod: Pod, name: str) -> Container:
    """The container that is meant; without a name there must be only one (Refusal).

    Kubernetes: pkg/registry/core/pod/strategy.go, validateContainer.
    """
    spec = pod.spec
    if name:
        for container in (*spec.containers, *spec.init_containers):
            if container.name == name:
                return container
        raise bad_request(f"container {name} is not valid for pod {pod.metadata.name}")
    if len(spec.containers) == 1 and not spec.init_containers:
        return spec.containers[0]
    init = f" or one of the init containers: {_names(spec.init_containers)}"
    raise bad_request(
        f"a container name must be specified for pod {pod.metadata.name}, "
        f"choose one of: {_names(spec.containers)}{init if spec.init_containers else ''}"
    )


def _names(containers: tuple[Container, ...]) -> str:
    return f"[{' '.join(container.name for container in containers)}]"
