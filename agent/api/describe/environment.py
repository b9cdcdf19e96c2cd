"""The variables of a container, as far as they are known without running it (kubectl)."""

from __future__ import annotations

from agent.api.describe.layout import NONE, Page
from agent.model.container import Container, EnvFromSource, EnvVarSource
from agent.model.pod import Pod
from agent.rules.downward import ConfigError, Surroundings, resource_value

#: What a limit is when none is set.
_OF_THE_NODE = ("limits.cpu", "limits.memory")


def describe_environment(page: Page, pod: Pod, container: Container) -> None:
    """What comes whole from elsewhere, then the variables one by one."""
    if container.env_from:
        page.line(2, "Environment Variables from:")
        for source in container.env_from:
            page.line(3, *_whole(source))
    if not container.env:
        page.line(2, "Environment:", NONE)
        return
    page.line(2, "Environment:")
    for variable in container.env:
        if variable.value_from is not None:
            page.line(3, f"{variable.name}:", *_from(variable.value_from, pod, container))
            continue
        for index, text in enumerate(variable.value.split("\n")):
            page.line(3, "" if index else f"{variable.name}:", text)


def _whole(source: EnvFromSource) -> tuple[str, str, str]:
    """Name, kind and prefix, and whether it may be missing."""
    name = kind = ""
    optional: bool | None = None
    if source.config_map_ref is not None:
        name, kind, optional = (
            source.config_map_ref.name,
            "ConfigMap",
            source.config_map_ref.optional,
        )
    elif source.secret_ref is not None:
        name, kind, optional = source.secret_ref.name, "Secret", source.secret_ref.optional
    prefix = f" with prefix '{source.prefix}'" if source.prefix else ""
    return name, f"{kind}{prefix}", _optional(optional)


def _from(source: EnvVarSource, pod: Pod, container: Container) -> tuple[str, ...]:
    """The value, or where it comes from."""
    if (field := source.field_ref) is not None:
        known = {"metadata.name": pod.metadata.name, "metadata.namespace": pod.metadata.namespace}
        value = known.get(field.field_path, "")
        return (f"{value} ({field.api_version}:{field.field_path})",)
    if (resource := source.resource_field_ref) is not None:
        try:
            amount = resource_value(resource, pod, container, Surroundings())
        except ConfigError:
            amount = ""
        if amount == "0" and resource.resource in _OF_THE_NODE:
            amount = "node allocatable"
        return (f"{amount} ({resource.resource})",)
    if (secret := source.secret_key_ref) is not None:
        origin = f"<set to the key '{secret.key}' in secret '{secret.name}'>"
        return origin, _optional(secret.optional)
    if (config_map := source.config_map_key_ref) is not None:
        origin = f"<set to the key '{config_map.key}' of config map '{config_map.name}'>"
        return origin, _optional(config_map.optional)
    if (file := source.file_key_ref) is not None:
        origin = f"<set to the key '{file.key}' of file '{file.path}' in '{file.volume_name}'>"
        return origin, _optional(file.optional)
    return ("",)


def _optional(optional: bool | None) -> str:
    return f"Optional: {'true' if optional else 'false'}"
