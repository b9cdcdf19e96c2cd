"""What does a container learn of its own pod: a field, a request or a limit?

Errors are `ConfigError` with the kubelet's texts (pkg/kubelet/kubelet_pods.go, pkg/fieldpath,
pkg/api/v1/resource).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from agent.model import quantity
from agent.model.config_data import ConfigMap, Secret
from agent.model.container import Container, ObjectFieldSelector, ResourceFieldSelector
from agent.model.gotext import quote
from agent.model.pod import Pod
from agent.model.quantity import Amount
from agent.rules.service_env import Service


class ConfigError(Exception):
    """A container cannot be made from its definition; it waits with `reason`."""

    reason = "CreateContainerConfigError"


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What is known around a pod when its environment is made.

    `config_maps` and `secrets` are those of the pod's namespace, by name; `allocatable` is what
    the node can give, by resource name, as quantities in text form.
    """

    pod_ips: tuple[str, ...] = ()
    host_ips: tuple[str, ...] = ()
    node_name: str = ""
    config_maps: Mapping[str, ConfigMap] = msgspec.field(default_factory=dict)
    secrets: Mapping[str, Secret] = msgspec.field(default_factory=dict)
    services: tuple[Service, ...] = ()
    allocatable: Mapping[str, str] = msgspec.field(default_factory=dict)


_EXPLICIT = ("cpu", "memory", "ephemeral-storage")
_BY_SUBSCRIPT = ("metadata.annotations", "metadata.labels")
_CONVERTIBLE = ("spec.restartPolicy", "spec.schedulerName", "status.phase")


def field_value(selector: ObjectFieldSelector, pod: Pod, around: Surroundings) -> str:
    """The text of a `fieldRef`; ConfigError when there is no such field."""
    if (version := selector.api_version or "v1") != "v1":
        raise ConfigError(f"unsupported pod version: {version}")
    path = "spec.nodeName" if selector.field_path == "spec.host" else selector.field_path
    if path.endswith("']") and "['" in path[1:]:
        return _subscripted(path, pod)
    plain = {
        "metadata.name": pod.metadata.name,
        "metadata.namespace": pod.metadata.namespace,
        "metadata.uid": pod.metadata.uid,
        "spec.nodeName": pod.spec.node_name or around.node_name,
        "spec.serviceAccountName": pod.spec.service_account_name,
        "status.hostIP": around.host_ips[0] if around.host_ips else "",
        "status.hostIPs": ",".join(around.host_ips),
        "status.podIP": around.pod_ips[0] if around.pod_ips else "",
        "status.podIPs": ",".join(around.pod_ips),
    }
    if path in plain:
        return plain[path]
    if path in _BY_SUBSCRIPT:
        return _lines(_map_of(path, pod))
    if path in _CONVERTIBLE:
        raise ConfigError(f"unsupported fieldPath: {path}")
    raise ConfigError(f"field label not supported: {path}")


def resource_value(
    selector: ResourceFieldSelector, pod: Pod, container: Container, around: Surroundings
) -> str:
    """A request or limit in units of the divisor, rounded up; ConfigError if it has no such name.

    A limit that is not set is the pod's own, else what the node can give.
    """
    is_default = True
    if selector.container_name:
        container, is_default = _container(selector.container_name, pod)
    kind, _, name = selector.resource.partition(".")
    is_known = name in _EXPLICIT or name.startswith("hugepages-")
    if kind not in ("limits", "requests") or not is_known:
        raise ConfigError(f"unsupported container resource : {selector.resource}")
    given = container.resources.limits if kind == "limits" else container.resources.requests
    amount = quantity.parse(given.get(name, "0"))
    if kind == "limits" and is_default and name in _EXPLICIT and not amount.sign():
        amount = quantity.parse(_default_limit(name, pod, around))
    return _divided(amount, quantity.parse(selector.divisor or "0"), milli=name == "cpu")


def _subscripted(path: str, pod: Pod) -> str:
    base, _, key = path.removesuffix("']").partition("['")
    if base not in _BY_SUBSCRIPT:
        raise ConfigError(f"field label does not support subscript: {path}")
    return _map_of(base, pod).get(key, "")


def _map_of(path: str, pod: Pod) -> dict[str, str]:
    return pod.metadata.labels if path == "metadata.labels" else pod.metadata.annotations


def _lines(mapping: dict[str, str]) -> str:
    return "\n".join(f"{key}={quote(mapping[key])}" for key in sorted(mapping))


def _container(name: str, pod: Pod) -> tuple[Container, bool]:
    """The container of that name, and whether the node's capacity is its default limit."""
    for container in pod.spec.containers:
        if container.name == name:
            return container, True
    for container in pod.spec.init_containers:
        if container.name == name:
            return container, False
    raise ConfigError(f"container {name} not found")


def _default_limit(name: str, pod: Pod, around: Surroundings) -> str:
    if name not in around.allocatable:
        return "0"
    whole_pod = pod.spec.resources.limits.get(name, "0") if pod.spec.resources else "0"
    is_set = name != "ephemeral-storage" and quantity.parse(whole_pod).sign()
    return whole_pod if is_set else around.allocatable[name]


def _divided(amount: Amount, divisor: Amount, *, milli: bool) -> str:
    if not divisor.sign():
        divisor = Amount(1)
    if milli:
        return str(math.ceil(float(amount.milli_value()) / float(divisor.milli_value())))
    return str(math.ceil(float(amount.value()) / float(divisor.value())))
