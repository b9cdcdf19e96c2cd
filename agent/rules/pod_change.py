"""What does an edited manifest mean for the pod that runs: nothing, an update, a new pod?

A kubelet changes labels, annotations and images of a running pod in place (kubelet/config/config.go
checkAndUpdatePod; kuberuntime restarts a container whose image changed). Everything else of a spec
cannot be changed in a running pod: the API server refuses it (validation: ValidatePodUpdate), and
a kubelet replaces a static pod. So do we.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from msgspec.structs import replace

from agent.model.container import Container
from agent.model.pod import Pod, PodSpec
from agent.rules.phase import TERMINAL

_C = TypeVar("_C", bound=Container)


class PodChange(Enum):
    """What is to be done with a pod that exists."""

    NONE = "none"
    IN_PLACE = "in place"
    REPLACE = "replace"


def pod_change(old: Pod, new: Pod) -> PodChange:
    """Compare the pod as it is stored with what its manifest wants now (defaulted)."""
    if new.metadata.uid and new.metadata.uid != old.metadata.uid:
        return PodChange.REPLACE
    wanted = replace(new.spec, node_name=old.spec.node_name)
    if wanted == old.spec:
        changed = updated(old, new).metadata != old.metadata
        return PodChange.IN_PLACE if changed else PodChange.NONE
    if old.status.phase in TERMINAL or _with_images_of(wanted, old.spec) != old.spec:
        return PodChange.REPLACE
    return PodChange.IN_PLACE


def updated(old: Pod, new: Pod) -> Pod:
    """Return the pod after a change in place: what the manifest says, and the life it has had."""
    spec = replace(new.spec, node_name=old.spec.node_name)
    lived = old.metadata
    metadata = replace(
        new.metadata,
        uid=lived.uid,
        resource_version=lived.resource_version,
        creation_timestamp=lived.creation_timestamp,
        deletion_timestamp=lived.deletion_timestamp,
        deletion_grace_period_seconds=lived.deletion_grace_period_seconds,
        generation=lived.generation + (spec != old.spec),
    )
    return replace(old, metadata=metadata, spec=spec)


def _with_images_of(spec: PodSpec, other: PodSpec) -> PodSpec:
    """`spec` with the images of `other`; the pull policy follows from the image's tag."""
    return replace(
        spec,
        init_containers=_imaged(spec.init_containers, other.init_containers),
        containers=_imaged(spec.containers, other.containers),
    )


def _imaged(containers: tuple[_C, ...], others: tuple[_C, ...]) -> tuple[_C, ...]:
    by_name = {other.name: other for other in others}
    return tuple(
        replace(container, image=other.image, image_pull_policy=other.image_pull_policy)
        if (other := by_name.get(container.name)) is not None
        else container
        for container in containers
    )
