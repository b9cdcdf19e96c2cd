"""Which variables does a container get, and what do they make of its command?

(kubelet: makeEnvironmentVariables in pkg/kubelet/kubelet_pods.go, pkg/kubelet/container/helpers.go)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.model.config_data import ConfigMap, Secret
from agent.model.container import Container, EnvFromSource, EnvVarSource
from agent.model.pod import Pod
from agent.rules.downward import ConfigError, Surroundings, field_value, resource_value
from agent.rules.expand import expand, expand_with
from agent.rules.service_env import service_environment

__all__ = [
    "ConfigError",
    "MissingObject",
    "Surroundings",
    "expand_command",
    "expand_probe_command",
    "expand_sub_path",
    "hostname",
    "make_environment",
]

_MAX_HOSTNAME = 63


class MissingObject(ConfigError):
    """A ConfigMap or Secret that is not optional does not exist."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f'{kind} "{name}" not found')
        self.kind = kind
        self.name = name


def make_environment(pod: Pod, container: Container, around: Surroundings) -> dict[str, str]:
    """The container's variables: from envFrom, then env in order, then services.

    ConfigError, with the kubelet's text, when something that is not optional is missing. A value
    of a Secret that is no UTF-8 comes with surrogate escapes, as `os.fsencode` understands them.
    """
    services = service_environment(
        around.services,
        pod.metadata.namespace,
        enable_service_links=pod.spec.enable_service_links is not False,
    )
    result: dict[str, str] = {}
    for source in container.env_from:
        result |= _whole_source(source, around)
    for variable in container.env:
        value: str | None = variable.value
        if value:
            value = expand(value, result, services)
        elif variable.value_from is not None:
            value = _value_from(variable.value_from, pod, container, around)
        if value is not None:
            result[variable.name] = value
    return result | {name: services[name] for name in services if name not in result}


def expand_command(
    container: Container, environment: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`command` and `args` with the variables of the finished environment in their place."""
    command = tuple(expand(word, environment) for word in container.command)
    return command, tuple(expand(word, environment) for word in container.args)


def expand_sub_path(expression: str, environment: Mapping[str, str]) -> str:
    """A mount's `subPathExpr`; ConfigError names the variables that are unknown or empty.

    (ExpandContainerVolumeMounts)
    """
    missing: set[str] = set()

    def value_of(name: str) -> str:
        value = environment.get(name, "")
        if not value:
            missing.add(name)
        return value

    text = expand_with(expression, value_of)
    if missing:
        raise ConfigError(f"missing value for {', '.join(sorted(missing))}")
    return text


def expand_probe_command(argv: Sequence[str], container: Container) -> tuple[str, ...]:
    """The command of an exec probe: only what is written in `env` counts, as it is written.

    A variable with `valueFrom` counts as empty (ExpandContainerCommandOnlyStatic). The commands of
    lifecycle hooks are not expanded at all.
    """
    literal = {variable.name: variable.value for variable in container.env}
    return tuple(expand(word, literal) for word in argv)


def hostname(pod: Pod, node_name: str) -> str:
    """The pod's host name, and `HOSTNAME` in its containers unless they set it themselves.

    On the host network that is the node's (GeneratePodHostNameAndDomain).
    """
    if pod.spec.host_network:
        return node_name
    name = pod.spec.hostname_override or pod.spec.hostname or pod.metadata.name
    return name if len(name) <= _MAX_HOSTNAME else name[:_MAX_HOSTNAME].rstrip("-.")


def _whole_source(source: EnvFromSource, around: Surroundings) -> dict[str, str]:
    data: Mapping[str, str] | None = {}
    if (config_map := source.config_map_ref) is not None:
        data = _config_map_data(around, config_map.name, config_map.optional)
    elif (secret := source.secret_ref) is not None:
        data = _secret_data(around, secret.name, secret.optional)
    return {source.prefix + key: value for key, value in (data or {}).items()}


def _value_from(
    source: EnvVarSource, pod: Pod, container: Container, around: Surroundings
) -> str | None:
    """The value, or None when an optional one is missing; the variable is left out then."""
    if source.field_ref is not None:
        return field_value(source.field_ref, pod, around)
    if source.resource_field_ref is not None:
        return resource_value(source.resource_field_ref, pod, container, around)
    if (config_map := source.config_map_key_ref) is not None:
        data = _config_map_data(around, config_map.name, config_map.optional)
        where = f"ConfigMap {pod.metadata.namespace}/{config_map.name}"
        return _key(data, config_map.key, where, config_map.optional)
    if (secret := source.secret_key_ref) is not None:
        data = _secret_data(around, secret.name, secret.optional)
        where = f"Secret {pod.metadata.namespace}/{secret.name}"
        return _key(data, secret.key, where, secret.optional)
    return ""


def _key(data: Mapping[str, str] | None, key: str, where: str, optional: bool | None) -> str | None:
    value = None if data is None else data.get(key)
    if value is None and not optional:
        raise ConfigError(f"couldn't find key {key} in {where}")
    return value


def _config_map_data(
    around: Surroundings, name: str, optional: bool | None
) -> Mapping[str, str] | None:
    config_map: ConfigMap | None = around.config_maps.get(name)
    if config_map is None and not optional:
        raise MissingObject("configmap", name)
    return None if config_map is None else config_map.data


def _secret_data(
    around: Surroundings, name: str, optional: bool | None
) -> Mapping[str, str] | None:
    secret: Secret | None = around.secrets.get(name)
    if secret is None and not optional:
        raise MissingObject("secret", name)
    if secret is None:
        return None
    import binascii  # few pods take variables from a Secret

    decoded = {
        key: binascii.a2b_base64(value).decode("utf-8", "surrogateescape")
        for key, value in secret.data.items()
    }
    return decoded | secret.string_data
