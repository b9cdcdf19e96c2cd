"""What would Kubernetes fill in? "If empty, set" only (pkg/apis/core/v1/defaults.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from agent.manifest import image_reference
from agent.model.container import (
    Container,
    ContainerPort,
    EnvVar,
    ObjectFieldSelector,
)
from agent.model.handler import HTTPGetAction, Lifecycle, LifecycleHandler, Probe
from agent.model.pod import Pod, PodSpec
from agent.model.security import PodSecurityContext
from agent.model.volume import DownwardAPIVolumeFile, EmptyDirVolumeSource, Volume, VolumeProjection

GRACE_PERIOD_SECONDS = 30
TERMINATION_MESSAGE_PATH = "/dev/termination-log"
_FILE_MODE = 0o644
_TOKEN_SECONDS = 3600
_ANCIENT_ANNOTATIONS = frozenset(
    f"pod.{stage}.kubernetes.io/init-container{what}"
    for stage in ("alpha", "beta")
    for what in ("s", "-statuses")
)

_S = TypeVar("_S", bound=Any)
_C = TypeVar("_C", bound=Container)


def default_pod(pod: Pod) -> Pod:
    """Return the pod as Kubernetes completes it; idempotent.

    SetObjectDefaults_Pod, and what reading into the internal type changes (conversion.go):
    a negative grace period means one second, ancient annotations are dropped.
    """
    metadata, spec = pod.metadata, default_spec(pod.spec)
    if (spec.termination_grace_period_seconds or 0) < 0:
        spec = replace(spec, termination_grace_period_seconds=1)
    if not _ANCIENT_ANNOTATIONS.isdisjoint(metadata.annotations):
        kept = {k: v for k, v in metadata.annotations.items() if k not in _ANCIENT_ANNOTATIONS}
        metadata = replace(metadata, annotations=kept)
    return replace(pod, metadata=metadata, spec=spec)


def default_spec(spec: PodSpec) -> PodSpec:
    """Return a pod's spec completed (SetDefaults_PodSpec, SetDefaults_Pod)."""
    host_network = spec.host_network
    completed = _filled(
        replace(
            spec,
            containers=_each(spec.containers, _container, host_network),
            init_containers=_each(spec.init_containers, _container, host_network),
            ephemeral_containers=_each(spec.ephemeral_containers, _container_alone),
            volumes=_each(spec.volumes, _volume),
            # The old name of the field and the new one mean the same.
            service_account_name=spec.service_account_name or spec.service_account,
            service_account=spec.service_account_name or spec.service_account,
        ),
        restart_policy="Always",
        dns_policy="ClusterFirst",
        scheduler_name="default-scheduler",
        security_context=PodSecurityContext(),
        termination_grace_period_seconds=GRACE_PERIOD_SECONDS,
        enable_service_links=True,
    )
    if spec.resources is not None:
        from agent.manifest.pod_resources import default_pod_resources  # rare

        return default_pod_resources(completed)
    return completed


def _filled(obj: _S, **defaults: object) -> _S:
    """Set the attributes that are empty: absent pointers and empty texts."""
    missing = {name: value for name, value in defaults.items() if getattr(obj, name) in (None, "")}
    filled: _S = replace(obj, **missing) if missing else obj
    return filled


def _each(items: Iterable[_S], change: Callable[..., _S], *arguments: Any) -> tuple[_S, ...]:
    return tuple(change(item, *arguments) for item in items)


def _container(container: _C, host_network: bool) -> _C:
    """Requests follow limits, except in ephemeral containers, which may have neither."""
    container = _container_alone(container)
    ports = container.ports
    if host_network:  # the host's ports are the container's
        ports = tuple(replace(p, host_port=p.host_port or p.container_port) for p in ports)
    resources = container.resources
    requests = {**resources.limits, **resources.requests}
    if requests != resources.requests:
        resources = replace(resources, requests=requests)
    return replace(container, ports=ports, resources=resources)


def _container_alone(container: _C) -> _C:
    """What is filled in for every container (SetDefaults_Container and its parts)."""
    return _filled(
        replace(
            container,
            ports=_each(container.ports, _port),
            env=_each(container.env, _variable),
            liveness_probe=_optional(container.liveness_probe, _probe),
            readiness_probe=_optional(container.readiness_probe, _probe),
            startup_probe=_optional(container.startup_probe, _probe),
            lifecycle=_optional(container.lifecycle, _lifecycle),
        ),
        image_pull_policy=pull_policy(container.image),
        termination_message_path=TERMINATION_MESSAGE_PATH,
        termination_message_policy="File",
    )


def _optional(value: _S | None, change: Callable[[_S], _S]) -> _S | None:
    return None if value is None else change(value)


def _port(port: ContainerPort) -> ContainerPort:
    return _filled(port, protocol="TCP")


def _variable(variable: EnvVar) -> EnvVar:
    source = variable.value_from
    if source is None:
        return variable
    changed = replace(
        source,
        field_ref=_optional(source.field_ref, _field_ref),
        # The generated defaults write this one out, those of other selectors do not.
        file_key_ref=_optional(source.file_key_ref, _optional_flag),
    )
    return replace(variable, value_from=changed)


def _field_ref(selector: ObjectFieldSelector) -> ObjectFieldSelector:
    return _filled(selector, api_version="v1")


def _optional_flag(selector: _S) -> _S:
    return selector if selector.optional is not None else replace(selector, optional=False)


def _probe(probe: Probe) -> Probe:
    """A zero is no threshold and no period (SetDefaults_Probe)."""
    grpc = probe.grpc
    if grpc is not None and grpc.service is None:
        grpc = replace(grpc, service="")
    return replace(
        probe,
        http_get=_optional(probe.http_get, _http_get),
        grpc=grpc,
        timeout_seconds=probe.timeout_seconds or 1,
        period_seconds=probe.period_seconds or 10,
        success_threshold=probe.success_threshold or 1,
        failure_threshold=probe.failure_threshold or 3,
    )


def _http_get(action: HTTPGetAction) -> HTTPGetAction:
    return _filled(action, path="/", scheme="HTTP")


def _lifecycle(lifecycle: Lifecycle) -> Lifecycle:
    return replace(
        lifecycle,
        post_start=_optional(lifecycle.post_start, _hook),
        pre_stop=_optional(lifecycle.pre_stop, _hook),
    )


def _hook(hook: LifecycleHandler) -> LifecycleHandler:
    return replace(hook, http_get=_optional(hook.http_get, _http_get))


def pull_policy(image: str) -> str:
    """Return the policy that goes with an image: Always for the tag `latest`, given or implied.

    A text that is no image reference has no tag.
    """
    reference = image_reference.parse(image)
    is_latest = reference is not None and reference.tag == "latest"
    return "Always" if is_latest else "IfNotPresent"


def _volume(volume: Volume) -> Volume:
    """Volume sources (SetDefaults_Volume and one function per source)."""
    changes: dict[str, Any] = {}
    for name, change in _SOURCES.items():
        source = getattr(volume, name)
        if source is not None:
            changes[name] = change(source)
    if changes:
        return replace(volume, **changes)
    has_source = any(
        getattr(volume, name) is not None for name in volume.__struct_fields__ if name != "name"
    )
    return volume if has_source else replace(volume, empty_dir=EmptyDirVolumeSource())


def _with_mode(source: Any) -> Any:
    mode = _FILE_MODE if source.default_mode is None else source.default_mode
    items = getattr(source, "items", ())
    if items and isinstance(items[0], DownwardAPIVolumeFile):
        return replace(source, default_mode=mode, items=_each(items, _downward_file))
    return replace(source, default_mode=mode)


def _downward_file(file: DownwardAPIVolumeFile) -> DownwardAPIVolumeFile:
    return replace(file, field_ref=_optional(file.field_ref, _field_ref))


def _projected(source: Any) -> Any:
    return _with_mode(replace(source, sources=_each(source.sources, _projection)))


def _projection(projection: VolumeProjection) -> VolumeProjection:
    token, downward = projection.service_account_token, projection.downward_api
    if token is not None:
        token = _filled(token, expiration_seconds=_TOKEN_SECONDS)
    if downward is not None:
        downward = replace(downward, items=_each(downward.items, _downward_file))
    return replace(projection, service_account_token=token, downward_api=downward)


def _claim_template(source: Any) -> Any:
    template = source.volume_claim_template
    if template is None:
        return source
    template = replace(template, spec=_filled(template.spec, volume_mode="Filesystem"))
    return replace(source, volume_claim_template=template)


_SOURCES: dict[str, Callable[[Any], Any]] = {
    "host_path": lambda s: replace(s, type="" if s.type is None else s.type),
    "secret": _with_mode,
    "config_map": _with_mode,
    "downward_api": _with_mode,
    "projected": _projected,
    "ephemeral": _claim_template,
    "iscsi": lambda s: _filled(s, iscsi_interface="default"),
    "rbd": lambda s: _filled(s, pool="rbd", user="admin", keyring="/etc/ceph/keyring"),
    "azure_disk": lambda s: replace(
        s,
        caching_mode=s.caching_mode if s.caching_mode is not None else "ReadWrite",
        kind=s.kind if s.kind is not None else "Shared",
        fs_type=s.fs_type if s.fs_type is not None else "ext4",
        read_only=bool(s.read_only),
    ),
    "scale_io": lambda s: _filled(s, storage_mode="ThinProvisioned", fs_type="xfs"),
}
