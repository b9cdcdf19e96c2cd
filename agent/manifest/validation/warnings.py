"""What would the API server warn about although it accepts the pod?

The texts are those of its Warning headers (k8s.io/kubernetes: pkg/api/pod/warnings.go).
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.manifest.validation import names
from agent.manifest.validation.addresses import address_warnings
from agent.manifest.validation.annotations import SECCOMP_CONTAINER, SECCOMP_POD
from agent.manifest.validation.overlaps import overlap_warnings
from agent.manifest.validation.placement_warnings import (
    affinity_warnings,
    node_label_warnings,
    spread_warnings,
)
from agent.manifest.validation.port_warnings import port_warnings
from agent.manifest.validation.visit import containers_with_path
from agent.model import gotext, quantity
from agent.model.container import Container, EnvVar
from agent.model.pod import Pod, PodSpec
from agent.model.volume import Volume

_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_OLD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": (
        'non-functional in v1.11+; use the "sysctls" field instead'
    ),
    "security.alpha.kubernetes.io/unsafe-sysctls": (
        'non-functional in v1.11+; use the "sysctls" field instead'
    ),
}
_GONE_IN_125 = "deprecated in v1.22, non-functional in v1.25+"
_GONE_IN_131 = "deprecated in v1.28, non-functional in v1.31+"
#: Attribute of a Volume, name in the path, message; in the order of the warnings.
_OLD_VOLUMES = (
    ("photon_persistent_disk", "photonPersistentDisk",
     "deprecated in v1.11, non-functional in v1.16+"),
    ("git_repo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scale_io", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "flocker", _GONE_IN_125),
    ("storageos", "storageOS", _GONE_IN_125),
    ("quobyte", "quobyte", _GONE_IN_125),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "cephfs", _GONE_IN_131),
    ("rbd", "rbd", _GONE_IN_131),
)  # fmt: skip


def pod_warnings(pod: Pod) -> list[str]:
    """All warnings for a valid pod, in the API server's order."""
    spec, annotations = pod.spec, pod.metadata.annotations
    found = _name_warnings(pod.metadata.name)
    found += node_label_warnings(spec)
    found += spread_warnings(spec)
    for key, message in _OLD_ANNOTATIONS.items():
        if key in annotations:
            found.append(f"metadata.annotations[{key}]: {message}")
    found += _volume_warnings(spec.volumes)
    found += overlap_warnings(spec.volumes)
    found += _list_warnings(spec)
    found += _fraction_warnings(spec.overhead, "spec.overhead")
    context = spec.security_context
    if SECCOMP_POD in annotations and (context is None or context.seccomp_profile is None):
        found.append(f"metadata.annotations[{SECCOMP_POD}]: {_SECCOMP}")
    for container, path in containers_with_path(spec):
        found += _container_warnings(container, annotations, path)
    found += port_warnings(spec)
    grace = spec.termination_grace_period_seconds
    if grace is not None and grace < 0:
        wrong = "must be >= 0; negative values are invalid and will be treated as 1"
        found.append(f"spec.terminationGracePeriodSeconds: {wrong}")
    found += affinity_warnings(spec)
    found += _address_warnings(spec)
    return found


def _name_warnings(name: str) -> list[str]:
    messages = names.dns_label(name)
    if not messages:
        return []
    return [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising "
        f"behavior; a DNS label is recommended: [{' '.join(messages)}]"
    ]


def _volume_warnings(volumes: tuple[Volume, ...]) -> list[str]:
    """Types that are old; claims whose size has a fraction."""
    found = []
    for index, volume in enumerate(volumes):
        path = f"spec.volumes[{index}]"
        for attribute, name, message in _OLD_VOLUMES:
            if attribute == "cephfs":
                found += _claim_warnings(volume, path)
            if getattr(volume, attribute) is not None:
                found.append(f"{path}.{name}: {message}")
    return found


def _claim_warnings(volume: Volume, path: str) -> list[str]:
    if volume.ephemeral is None or volume.ephemeral.volume_claim_template is None:
        return []
    spec = volume.ephemeral.volume_claim_template.spec
    storage = spec.resources.requests.get("storage")
    at = f"{path}.ephemeral.volumeClaimTemplate.spec.resources.requests[storage]"
    return [] if storage is None else _fraction_warning(storage, at)


def _fraction_warning(text: str, path: str) -> list[str]:
    amount = quantity.parse(text)
    if amount.milli_value() % 1000 == 0:
        return []
    shown = gotext.quote(amount.canonical())
    return [f"{path}: fractional byte value {shown} is invalid, must be an integer"]


def _fraction_warnings(amounts: Mapping[str, str], path: str) -> list[str]:
    return [
        warning
        for name in ("memory", "ephemeral-storage")
        if name in amounts
        for warning in _fraction_warning(amounts[name], f"{path}[{name}]")
    ]


def _list_warnings(spec: PodSpec) -> list[str]:
    """Entries of host aliases and pull secrets that repeat or are empty."""
    found = []
    addresses: set[str] = set()
    for index, alias in enumerate(spec.host_aliases):
        if alias.ip in addresses:
            shown = gotext.quote(alias.ip)
            found.append(f"spec.hostAliases[{index}].ip: duplicate ip {shown}")
        addresses.add(alias.ip)
    secrets: set[str] = set()
    for index, secret in enumerate(spec.image_pull_secrets):
        if secret.name in secrets:
            shown = gotext.quote(secret.name)
            found.append(f"spec.imagePullSecrets[{index}].name: duplicate name {shown}")
        secrets.add(secret.name)
    for index, secret in enumerate(spec.image_pull_secrets):
        if not secret.name:
            found.append(f'spec.imagePullSecrets[{index}].name: invalid empty name ""')
    return found


def _container_warnings(
    container: Container, annotations: Mapping[str, str], path: str
) -> list[str]:
    found = []
    key = SECCOMP_CONTAINER + container.name
    context = container.security_context
    if key in annotations and (context is None or context.seccomp_profile is None):
        found.append(f"metadata.annotations[{key}]: {_SECCOMP}")
    limits, requests = container.resources.limits, container.resources.requests
    for name in ("memory", "ephemeral-storage"):
        for field, amounts in (("limits", limits), ("requests", requests)):
            if name in amounts:
                found += _fraction_warning(amounts[name], f"{path}.resources.{field}[{name}]")
    found += _env_warnings(container.env, path)
    return found


def _env_warnings(env: tuple[EnvVar, ...], path: str) -> list[str]:
    """Variables that hide an earlier one; to build upon it is fine."""
    found = []
    seen: set[str] = set()
    for index, variable in enumerate(env):
        reference = f"$({variable.name})"
        builds_on_it = reference in variable.value and variable.value != reference
        if variable.name in seen and (variable.value_from is not None or not builds_on_it):
            found.append(
                f"{path}.env[{index}]: hides previous definition of "
                f"{gotext.quote(variable.name)}, which may be dropped when using apply"
            )
        seen.add(variable.name)
    return found


def _address_warnings(spec: PodSpec) -> list[str]:
    found = []
    servers = () if spec.dns_config is None else spec.dns_config.nameservers
    for index, server in enumerate(servers):
        found += address_warnings(server, f"spec.dnsConfig.nameservers[{index}]")
    for index, alias in enumerate(spec.host_aliases):
        found += address_warnings(alias.ip, f"spec.hostAliases[{index}].ip")
    return found
