"""Are the containers of a pod valid: regular, init and ephemeral?"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from agent.manifest.errors import (
    duplicate,
    forbidden,
    not_found,
    not_supported,
    required,
    too_long,
)
from agent.manifest.validation import names
from agent.manifest.validation.env import check_env, check_env_from
from agent.manifest.validation.handlers import check_lifecycle, check_probes
from agent.manifest.validation.images import check_image_spaces, check_pull_policy
from agent.manifest.validation.mounts import check_mounts
from agent.manifest.validation.options import Errors, Options, report
from agent.manifest.validation.ports import check_container_ports, check_host_port_conflicts
from agent.manifest.validation.resources import check_container_resources, check_resize_policy
from agent.manifest.validation.security import check_security_context
from agent.model.container import Container, ContainerRestartRule, EphemeralContainer
from agent.model.pod import PodSpec
from agent.model.volume import Volume

_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_RESTART_POLICIES = ("Always", "Never", "OnFailure")
_ONLY_SIDECARS = "may not be set for init containers without restartPolicy=Always"
_NEEDS_POLICY = "must specify restartPolicy when restart rules are used"
_NOT_EPHEMERAL = "cannot be set for an Ephemeral Container"
#: Fields that only containers of the pod's plan may have.
_PLANNED_ONLY = frozenset(
    {"ports", "resources", "resize_policy", "restart_policy", "restart_policy_rules",
     "liveness_probe", "readiness_probe", "startup_probe", "lifecycle"}
)  # fmt: skip


class Surroundings(msgspec.Struct, frozen=True):
    """What the rules for a container need to know of its pod."""

    spec: PodSpec
    #: The valid volumes by name.
    volumes: Mapping[str, Volume]
    claims: Collection[str]
    options: Options


def check_containers(around: Surroundings, path: str, errors: Errors) -> None:
    """Check the regular containers (validateContainers)."""
    containers = around.spec.containers
    if not containers:
        errors.append(required(path))
        return
    seen: set[str] = set()
    for index, container in enumerate(containers):
        at = f"{path}[{index}]"
        _check_common(container, around, at, errors)
        if container.name in seen:
            errors.append(duplicate(f"{at}.name", container.name))
        seen.add(container.name)
        _check_hooks_and_probes(container, around, at, errors)
        if around.options.enabled("ContainerRestartRules"):
            _check_restart_rules(container, at, errors)
        elif container.restart_policy is not None:
            wrong = "may not be set for non-init containers"
            errors.append(forbidden(f"{at}.restartPolicy", wrong))
    check_host_port_conflicts(enumerate(containers), path, errors)


def _check_common(container: Container, around: Surroundings, path: str, errors: Errors) -> None:
    """Check what all kinds of containers have in common (validateContainerCommon)."""
    if not container.name:
        errors.append(required(f"{path}.name"))
    else:
        report(errors, f"{path}.name", container.name, names.dns_label(container.name))
    if not container.image:
        errors.append(required(f"{path}.image"))
    policy = container.termination_message_policy
    if not policy:
        errors.append(required(f"{path}.terminationMessagePolicy"))
    elif policy not in _MESSAGE_POLICIES:
        at = f"{path}.terminationMessagePolicy"
        errors.append(not_supported(at, policy, _MESSAGE_POLICIES))
    check_container_ports(container.ports, f"{path}.ports", errors)
    check_env(container.env, f"{path}.env", errors, around.options)
    check_env_from(container.env_from, f"{path}.envFrom", errors)
    check_mounts(container, around.volumes, path, errors)
    check_pull_policy(container.image_pull_policy, f"{path}.imagePullPolicy", errors)
    check_container_resources(container.resources, around.claims, f"{path}.resources", errors)
    restart = around.spec.restart_policy
    check_resize_policy(container.resize_policy, restart, f"{path}.resizePolicy", errors)
    check_security_context(
        container.security_context,
        f"{path}.securityContext",
        errors,
        around.options,
        host_users=around.spec.host_users is not False,
    )


def _check_hooks_and_probes(
    container: Container, around: Surroundings, path: str, errors: Errors
) -> None:
    grace = around.spec.termination_grace_period_seconds
    if container.lifecycle is not None:
        at = f"{path}.lifecycle"
        check_lifecycle(container.lifecycle, grace, around.spec.os, at, errors)
    check_probes(container, grace, path, errors)


def _check_restart_rules(container: Container, path: str, errors: Errors) -> None:
    """Check a container's own restart policy and rules (validateContainerRestartPolicy)."""
    policy, rules = container.restart_policy, container.restart_policy_rules
    if policy is None:
        if rules:
            errors.append(required(f"{path}.restartPolicy", _NEEDS_POLICY))
    elif policy not in _RESTART_POLICIES:
        errors.append(not_supported(f"{path}.restartPolicy", policy, _RESTART_POLICIES))
    if len(rules) > 20:
        errors.append(too_long(f"{path}.restartPolicyRules", 20))
    for index, rule in enumerate(rules):
        _check_restart_rule(rule, f"{path}.restartPolicyRules[{index}]", errors)


def _check_restart_rule(rule: ContainerRestartRule, path: str, errors: Errors) -> None:
    if rule.action != "Restart":
        errors.append(not_supported(f"{path}.action", rule.action, ("Restart",)))
    codes = rule.exit_codes
    if codes is None:
        errors.append(required(f"{path}.exitCodes", "must be specified"))
        return
    if codes.operator not in ("In", "NotIn"):
        at = f"{path}.exitCodes.operator"
        errors.append(not_supported(at, codes.operator, ("In", "NotIn")))
    if len(codes.values) > 255:
        errors.append(too_long(f"{path}.exitCodes.values", 255))


def check_init_containers(around: Surroundings, path: str, errors: Errors) -> None:
    """Check init containers and sidecars (validateInitContainers)."""
    seen = {container.name for container in around.spec.containers}
    for index, container in enumerate(around.spec.init_containers):
        at = f"{path}[{index}]"
        _check_common(container, around, at, errors)
        _check_init_restart(container, around.options, at, errors)
        if container.name in seen:
            errors.append(duplicate(f"{at}.name", container.name))
        elif container.name:
            seen.add(container.name)
        # Init containers run one after the other: each has the ports for itself. Kubernetes
        # reports them at index 0, whichever container it is.
        check_host_port_conflicts([(0, container)], path, errors)
        if container.restart_policy == "Always":
            _check_hooks_and_probes(container, around, at, errors)
        else:
            _forbid_hooks_and_probes(container, at, errors)


def _check_init_restart(container: Container, options: Options, path: str, errors: Errors) -> None:
    """Check what may be said of restarts (validateInitContainerRestartPolicy)."""
    policy, rules = container.restart_policy, container.restart_policy_rules
    if policy is None:
        if rules:
            errors.append(required(f"{path}.restartPolicy", _NEEDS_POLICY))
    elif not options.enabled("ContainerRestartRules"):
        if policy != "Always":
            errors.append(not_supported(f"{path}.restartPolicy", policy, ("Always",)))
    elif policy != "Always":
        _check_restart_rules(container, path, errors)
    elif rules:
        wrong = "restartPolicyRules are not allowed for init containers with restart policy Always"
        errors.append(forbidden(f"{path}.restartPolicyRules", wrong))


def _forbid_hooks_and_probes(container: Container, path: str, errors: Errors) -> None:
    for field, value in (
        ("lifecycle", container.lifecycle),
        ("livenessProbe", container.liveness_probe),
        ("readinessProbe", container.readiness_probe),
        ("startupProbe", container.startup_probe),
    ):
        if value is not None:
            errors.append(forbidden(f"{path}.{field}", _ONLY_SIDECARS))


def check_ephemeral_containers(around: Surroundings, path: str, errors: Errors) -> None:
    """Check debugging containers (validateEphemeralContainers)."""
    spec = around.spec
    planned = {container.name for container in (*spec.containers, *spec.init_containers)}
    seen = set(planned)
    for index, container in enumerate(spec.ephemeral_containers):
        at = f"{path}[{index}]"
        _check_common(container, around, at, errors)
        check_image_spaces(container, at, errors)
        if container.name in seen:
            errors.append(duplicate(f"{at}.name", container.name))
        seen.add(container.name)
        target = container.target_container_name
        if target and target not in planned:
            errors.append(not_found(f"{at}.targetContainerName", target))
        _check_ephemeral_fields(container, at, errors)


def _check_ephemeral_fields(container: EphemeralContainer, path: str, errors: Errors) -> None:
    for field in msgspec.structs.fields(Container):
        if field.name not in _PLANNED_ONLY:
            continue
        default = None if field.default is msgspec.NODEFAULT else field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if getattr(container, field.name) != default:
            errors.append(forbidden(f"{path}.{field.encode_name}", _NOT_EPHEMERAL))
    for index, mount in enumerate(container.volume_mounts):
        at = f"{path}.volumeMounts[{index}]"
        if mount.sub_path:
            errors.append(forbidden(f"{at}.subPath", _NOT_EPHEMERAL))
        if mount.sub_path_expr:
            errors.append(forbidden(f"{at}.subPathExpr", _NOT_EPHEMERAL))
