"""The resources of a running pod may change: cpu and memory of its containers.

(k8s.io/kubernetes: pkg/apis/core/validation, ValidatePodResize; pkg/registry/core/pod)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from agent.manifest.errors import forbidden, invalid
from agent.manifest.validation.options import WHOLE_OBJECT, Errors
from agent.model.container import Container, ResourceRequirements
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodSpec

_MIRROR = "kubernetes.io/config.mirror"
_MUTABLE = ("cpu", "memory")
_ONLY = "only cpu and memory resources are mutable"
_ONLY_INIT = "only cpu and memory resources for sidecar containers are mutable"


def only_resources(new: Pod, old: Pod, metadata: ObjectMeta) -> Pod:
    """Leave out all but resources and resize policies (dropNonResizeUpdates).

    Containers that were added, renamed or moved are left for the check to refuse.
    """
    after, before = new.spec, old.spec
    if len(after.containers) != len(before.containers) or len(after.init_containers) != len(
        before.init_containers
    ):
        return new
    spec = replace(
        before,
        containers=_merged(after.containers, before.containers),
        init_containers=_merged(after.init_containers, before.init_containers),
    )
    return replace(old, metadata=metadata, spec=spec)


def _merged(new: tuple[Container, ...], old: tuple[Container, ...]) -> tuple[Container, ...]:
    if [container.name for container in new] != [container.name for container in old]:
        return new
    return tuple(
        replace(before, resources=after.resources, resize_policy=after.resize_policy)
        for after, before in zip(new, old, strict=True)
    )


def check_resize(new: Pod, old: Pod, errors: Errors, qos_class: Callable[[Pod], str]) -> Errors:
    """Return the errors so far and those of the resize; some rule out any further ones."""
    impossible = _impossible(new, old)
    if impossible:
        return [forbidden(WHOLE_OBJECT, impossible)]
    if (old.status.qos_class or qos_class(old)) != qos_class(new):
        wrong = "Pod QOS Class may not change as a result of resizing"
        errors.append(invalid("spec", new.status.qos_class, wrong))
    if not _is_supported(old):
        errors.append(forbidden("spec", "Pod running on node without support for resize"))
    moved = _moved(new.spec, old.spec)
    if moved:
        return errors + moved
    _check_containers(new.spec, old.spec, errors)
    _check_init_containers(new.spec, old.spec, errors)
    return errors


def _check_containers(new: PodSpec, old: PodSpec, errors: Errors) -> None:
    pairs = tuple(zip(new.containers, old.containers, strict=True))
    inits = tuple(zip(new.init_containers, old.init_containers, strict=True))
    for field, compared in (("initContainers", inits), ("containers", pairs)):
        for index, (after, before) in enumerate(compared):
            _check_removed(after, before, f"spec.{field}[{index}].resources", errors)
    for after, before in pairs:
        if _without_change(after, before) != before:
            errors.append(forbidden("spec", _ONLY))


def _check_init_containers(new: PodSpec, old: PodSpec, errors: Errors) -> None:
    for after, before in zip(new.init_containers, old.init_containers, strict=True):
        if after.restart_policy == "Always":
            if _without_change(after, before) != before:
                errors.append(forbidden("spec", _ONLY_INIT))
        elif after != before:
            wrong = "resources for non-sidecar init containers are immutable"
            errors.append(forbidden("spec", wrong))


def _impossible(new: Pod, old: Pod) -> str:
    """Why a pod cannot be resized at all; empty when it can."""
    if any(_is_set(pod.spec.resources) for pod in (old, new)):
        return "pods with pod-level resources cannot be resized"
    if _MIRROR in old.metadata.annotations:
        return "static pods cannot be resized"
    if old.spec.os is not None and old.spec.os.name == "windows":
        return "windows pods cannot be resized"
    return ""


def _is_set(resources: ResourceRequirements | None) -> bool:
    return resources is not None and bool(resources.requests or resources.limits)


def _is_supported(pod: Pod) -> bool:
    """A node that can resize tells the resources of what runs."""
    running = [s for s in pod.status.container_statuses if s.state.running is not None]
    return not running or running[0].resources is not None


def _moved(new: PodSpec, old: PodSpec) -> Errors:
    errors: Errors = []
    for field, after, before in (
        ("containers", new.containers, old.containers),
        ("initContainers", new.init_containers, old.init_containers),
    ):
        if len(after) != len(before):
            wrong = f"{field} may not be added or removed on resize"
            errors.append(forbidden(f"spec.{field}", wrong))
            continue
        for index, (one, other) in enumerate(zip(after, before, strict=True)):
            if one.name != other.name:
                wrong = f"{field} may not be renamed or reordered on resize"
                errors.append(forbidden(f"spec.{field}[{index}].name", wrong))
    return errors


def _check_removed(new: Container, old: Container, path: str, errors: Errors) -> None:
    if not old.resources.requests.keys() <= new.resources.requests.keys():
        errors.append(forbidden(f"{path}.requests", "resource requests cannot be removed"))
    if not old.resources.limits.keys() <= new.resources.limits.keys():
        errors.append(forbidden(f"{path}.limits", "resource limits cannot be removed"))


def _without_change(new: Container, old: Container) -> Container:
    """Return `new` with cpu and memory as they were."""
    resources = replace(
        new.resources,
        requests=_kept(new.resources.requests, old.resources.requests),
        limits=_kept(new.resources.limits, old.resources.limits),
    )
    return replace(new, resources=resources)


def _kept(new: Mapping[str, str], old: Mapping[str, str]) -> dict[str, str]:
    rest = {name: amount for name, amount in new.items() if name not in _MUTABLE}
    return rest | {name: old[name] for name in _MUTABLE if name in old}
