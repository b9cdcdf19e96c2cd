"""Which fields exist only behind a feature gate, and what is left of a pod without them?

With a gate off, the API server drops the field silently when a pod is created
(k8s.io/kubernetes: pkg/api/pod/util.go, dropDisabledFields).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from msgspec.structs import replace

from agent.model.container import Container, EnvVar
from agent.model.handler import Lifecycle
from agent.model.pod import Pod, PodSpec
from agent.model.volume import ProjectedVolumeSource, Volume, VolumeProjection

#: Gates that are off by default in Kubernetes 1.34, and whose fields barepod honours.
HONOURED = frozenset({"ContainerRestartRules", "ContainerStopSignals", "HostnameOverride"})

_C = TypeVar("_C", bound=Container)


def drop_disabled_fields(pod: Pod, features: frozenset[str] = frozenset()) -> Pod:
    """Return the pod without the fields of gates that are off; `features` are on in addition.

    Gates that 1.34 turns on by itself count as on.
    """
    spec = _without_volumes(pod.spec, features)
    images = {volume.name for volume in pod.spec.volumes if volume.image is not None}
    gone = frozenset() if "ImageVolume" in features else frozenset(images)

    def dropped(container: _C) -> _C:
        return _without_container_fields(container, gone, features)

    spec = replace(
        spec,
        containers=tuple(map(dropped, spec.containers)),
        init_containers=tuple(
            _without_restart_rules(dropped(container), features, is_init=True)
            for container in spec.init_containers
        ),
        ephemeral_containers=tuple(map(dropped, spec.ephemeral_containers)),
    )
    spec = replace(
        spec,
        containers=tuple(
            _without_restart_rules(container, features, is_init=False)
            for container in spec.containers
        ),
    )
    if "HostnameOverride" not in features and spec.hostname_override is not None:
        spec = replace(spec, hostname_override=None)
    return pod if spec == pod.spec else replace(pod, spec=spec)


def _without_container_fields(
    container: _C, volumes: Collection[str], features: frozenset[str]
) -> _C:
    """Drop the stop signal, env files and the mounts of `volumes`."""
    if "ContainerStopSignals" not in features and container.lifecycle is not None:
        rest = replace(container.lifecycle, stop_signal=None)
        nothing_left = rest == Lifecycle() and rest != container.lifecycle
        container = replace(container, lifecycle=None if nothing_left else rest)
    if "EnvFiles" not in features:
        container = replace(container, env=tuple(map(_without_file, container.env)))
    if volumes:
        mounts = tuple(mount for mount in container.volume_mounts if mount.name not in volumes)
        container = replace(container, volume_mounts=mounts)
    return container


def _without_file(variable: EnvVar) -> EnvVar:
    source = variable.value_from
    if source is None or source.file_key_ref is None:
        return variable
    return replace(variable, value_from=replace(source, file_key_ref=None))


def _without_restart_rules(
    container: Container, features: frozenset[str], *, is_init: bool
) -> Container:
    """Drop a container's own restart policy, except what makes a sidecar."""
    if "ContainerRestartRules" in features:
        return container
    policy = container.restart_policy
    kept = policy if is_init and policy == "Always" else None
    return replace(container, restart_policy=kept, restart_policy_rules=())


def _without_volumes(spec: PodSpec, features: frozenset[str]) -> PodSpec:
    """Drop image volumes, and projections that need certificates of a cluster."""
    volumes = spec.volumes
    if "ImageVolume" not in features:
        volumes = tuple(volume for volume in volumes if volume.image is None)
    drop: list[Callable[[VolumeProjection], VolumeProjection]] = []
    if "ClusterTrustBundleProjection" not in features:
        drop.append(lambda source: replace(source, cluster_trust_bundle=None))
    if "PodCertificateRequest" not in features:
        drop.append(lambda source: replace(source, pod_certificate=None))
    for change in drop:
        volumes = tuple(_with_sources(volume, change) for volume in volumes)
    return replace(spec, volumes=volumes)


def _with_sources(volume: Volume, change: Callable[[VolumeProjection], VolumeProjection]) -> Volume:
    projected: ProjectedVolumeSource | None = volume.projected
    if projected is None:
        return volume
    sources = tuple(map(change, projected.sources))
    return replace(volume, projected=replace(projected, sources=sources))
