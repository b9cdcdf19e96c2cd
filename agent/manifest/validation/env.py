"""Are environment variables and the references to pod fields and resources valid?"""

from __future__ import annotations

from agent.manifest.errors import invalid, not_supported, required
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, Options, report
from agent.model import quantity
from agent.model.container import (
    ConfigMapKeySelector,
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    FileKeySelector,
    ObjectFieldSelector,
    ResourceFieldSelector,
    SecretKeySelector,
)

#: Pod fields that a variable may show, sorted.
_ENV_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
    "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
#: Pod fields that a file of a downwardAPI volume may show, sorted.
VOLUME_FIELDS = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace",
    "metadata.uid",
)  # fmt: skip
#: Pod fields that have a name at all, whether a reference may show them or not.
_KNOWN_FIELDS = frozenset(
    {*_ENV_FIELDS, *VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase"}
)
_RESOURCES = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory",
    "requests.cpu", "requests.ephemeral-storage", "requests.memory",
)  # fmt: skip
_HUGE_PAGES = ("requests.hugepages-", "limits.hugepages-")
_BYTE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")


def check_env(env: tuple[EnvVar, ...], path: str, errors: Errors, options: Options) -> None:
    """Check the variables of one container (ValidateEnv)."""
    for index, variable in enumerate(env):
        at = f"{path}[{index}]"
        if not variable.name:
            errors.append(required(f"{at}.name"))
        else:
            report(errors, f"{at}.name", variable.name, names.env_name(variable.name))
        if variable.value_from is not None:
            has_value = bool(variable.value)
            source = variable.value_from
            _check_value_from(source, has_value, f"{at}.valueFrom", errors, options)


def _check_value_from(
    source: EnvVarSource, has_value: bool, path: str, errors: Errors, options: Options
) -> None:
    """Check where a value comes from (validateEnvVarValueFrom)."""
    if source.field_ref is not None:
        check_field_ref(source.field_ref, _ENV_FIELDS, f"{path}.fieldRef", errors)
    if source.resource_field_ref is not None:
        at = f"{path}.resourceFieldRef"
        check_resource_field_ref(source.resource_field_ref, at, errors, needs_container=False)
    if source.config_map_key_ref is not None:
        _check_key_ref(source.config_map_key_ref, f"{path}.configMapKeyRef", errors)
    if source.secret_key_ref is not None:
        _check_key_ref(source.secret_key_ref, f"{path}.secretKeyRef", errors)
    if source.file_key_ref is not None:
        _check_file_ref(source.file_key_ref, f"{path}.fileKeyRef", errors)
    sources = (
        source.field_ref,
        source.resource_field_ref,
        source.config_map_key_ref,
        source.secret_key_ref,
        source.file_key_ref,
    )
    count = sum(reference is not None for reference in sources)
    if count == 0:
        choice = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        if options.enabled("EnvFiles"):
            choice = (
                "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            )
        errors.append(invalid(path, "", f"must specify one of: {choice}"))
    elif has_value:
        errors.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif count > 1:
        errors.append(invalid(path, "", "may not have more than one field specified at a time"))


def split_subscript(field_path: str) -> tuple[str, str] | None:
    """Split `metadata.labels['key']` into path and key; None when there is no subscript."""
    if not field_path.endswith("']"):
        return None
    path, bracket, subscript = field_path[:-2].partition("['")
    return (path, subscript) if bracket and path else None


def check_field_ref(
    selector: ObjectFieldSelector, fields: tuple[str, ...], path: str, errors: Errors
) -> None:
    """Check a reference to a field of the pod (validateObjectFieldSelector)."""
    if not selector.api_version:
        errors.append(required(f"{path}.apiVersion"))
        return
    if not selector.field_path:
        errors.append(required(f"{path}.fieldPath"))
        return
    problem = _conversion_problem(selector)
    if problem:
        wrong = f"error converting fieldPath: {problem}"
        errors.append(invalid(f"{path}.fieldPath", selector.field_path, wrong))
        return
    subscripted = split_subscript(selector.field_path)
    if subscripted is not None:
        field, key = subscripted
        key = key.lower() if field == "metadata.annotations" else key
        report(errors, path, key, names.qualified_name(key))
        return
    field = "spec.nodeName" if selector.field_path == "spec.host" else selector.field_path
    if field not in fields:
        errors.append(not_supported(f"{path}.fieldPath", field, fields))


def _conversion_problem(selector: ObjectFieldSelector) -> str:
    """Why the path names no field of a pod; empty if it does (ConvertDownwardAPIFieldLabel)."""
    if selector.api_version != "v1":
        return f"unsupported pod version: {selector.api_version}"
    subscripted = split_subscript(selector.field_path)
    if subscripted is not None:
        if subscripted[0] in ("metadata.annotations", "metadata.labels"):
            return ""
        return f"field label does not support subscript: {selector.field_path}"
    if selector.field_path in _KNOWN_FIELDS or selector.field_path == "spec.host":
        return ""
    return f"field label not supported: {selector.field_path}"


def check_resource_field_ref(
    selector: ResourceFieldSelector, path: str, errors: Errors, *, needs_container: bool
) -> None:
    """Check a reference to a request or limit (validateContainerResourceFieldSelector)."""
    resource = selector.resource
    if needs_container and not selector.container_name:
        errors.append(required(f"{path}.containerName"))
    elif not resource:
        errors.append(required(f"{path}.resource"))
    elif resource not in _RESOURCES and not resource.startswith(_HUGE_PAGES):
        errors.append(not_supported(f"{path}.resource", resource, _RESOURCES))
    divisor = quantity.parse(selector.divisor)
    if divisor.sign() == 0:
        return
    allowed: tuple[str, ...] = _BYTE_DIVISORS
    what = resource.partition(".")[2]
    if resource in ("limits.cpu", "requests.cpu"):
        allowed = ("1m", "1")
    elif resource in ("limits.ephemeral-storage", "requests.ephemeral-storage"):
        what = "local ephemeral storage"
    elif resource.startswith(_HUGE_PAGES):
        what = "hugepages"
    elif resource not in ("limits.memory", "requests.memory"):
        return
    if divisor.canonical() not in allowed:
        shown = "1m and 1" if what == "cpu" else ", ".join(allowed)
        wrong = f"only divisor's values {shown} are supported with the {what} resource"
        errors.append(invalid(f"{path}.divisor", resource, wrong))


def _check_key_ref(
    selector: ConfigMapKeySelector | SecretKeySelector, path: str, errors: Errors
) -> None:
    report(errors, f"{path}.name", selector.name, names.dns_subdomain(selector.name))
    if not selector.key:
        errors.append(required(f"{path}.key"))
    else:
        report(errors, f"{path}.key", selector.key, names.config_key(selector.key))


def _check_file_ref(selector: FileKeySelector, path: str, errors: Errors) -> None:
    if not selector.key:
        errors.append(required(f"{path}.key"))
    else:
        report(errors, f"{path}.key", selector.key, names.env_name(selector.key))
    if not selector.volume_name:
        errors.append(required(f"{path}.volumeName"))
    else:
        messages = names.dns_label(selector.volume_name)
        report(errors, f"{path}.volumeName", selector.volume_name, messages)
    if not selector.path:
        errors.append(required(f"{path}.path"))
    else:
        report(errors, f"{path}.path", selector.path, names.no_backsteps(selector.path))


def check_env_from(env_from: tuple[EnvFromSource, ...], path: str, errors: Errors) -> None:
    """Check whole ConfigMaps and Secrets as variables (ValidateEnvFrom)."""
    for index, source in enumerate(env_from):
        at = f"{path}[{index}]"
        if source.prefix:
            report(errors, f"{at}.prefix", source.prefix, names.env_name(source.prefix))
        references = [
            (field, reference)
            for field, reference in (
                ("configMapRef", source.config_map_ref),
                ("secretRef", source.secret_ref),
            )
            if reference is not None
        ]
        for field, reference in references:
            name = reference.name
            if not name:
                errors.append(required(f"{at}.{field}.name"))
            else:
                report(errors, f"{at}.{field}.name", name, names.dns_subdomain_prefix(name))
        if not references:
            wrong = "must specify one of: `configMapRef` or `secretRef`"
            errors.append(invalid(path, "", wrong))
        elif len(references) > 1:
            wrong = "may not have more than one field specified at a time"
            errors.append(invalid(path, "", wrong))
