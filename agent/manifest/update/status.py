"""What may be said of a pod's status? (pkg/apis/core/validation, ValidatePodStatusUpdate)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from agent.manifest.errors import forbidden, invalid
from agent.manifest.update.common import check_immutable
from agent.manifest.validation import names
from agent.manifest.validation.addresses import check_address, parse_sloppy
from agent.manifest.validation.options import Errors, report
from agent.model.container import Container, ContainerRestartRule
from agent.model.pod import Pod
from agent.model.status import ContainerStatus, HostIP, PodCondition, PodIP, PodStatus

_SYSTEM_CONDITIONS = frozenset({"PodScheduled", "Ready", "Initialized"})
_NOT_RESTARTED = "may not be transitioned to non-terminated state"
_NOT_NEGATIVE = "must be a non-negative integer"
_ONE_PER_FAMILY = "may specify no more than one IP for each IP family"


def only_status(new: Pod, old: Pod) -> Pod:
    """Leave out all but the status and some metadata (podStatusStrategy.PrepareForUpdate)."""
    meta = replace(
        new.metadata, deletion_timestamp=None, owner_references=old.metadata.owner_references
    )
    if old.metadata.deletion_timestamp is not None:
        meta = replace(meta, deletion_timestamp=old.metadata.deletion_timestamp)
    status = replace(
        new.status,
        qos_class=new.status.qos_class or old.status.qos_class,
        observed_generation=new.status.observed_generation or old.status.observed_generation,
        conditions=tuple(_observed(new.status.conditions, old.status.conditions)),
    )
    return replace(new, metadata=meta, spec=old.spec, status=status)


def _observed(new: Iterable[PodCondition], old: Iterable[PodCondition]) -> Iterable[PodCondition]:
    """Keep the generation that a condition told of, when it is left out."""
    known: dict[str, list[int]] = {}
    for condition in old:
        known.setdefault(condition.type, []).append(condition.observed_generation)
    for condition in new:
        generations = known.get(condition.type)
        before = generations.pop(0) if generations else 0
        yield replace(condition, observed_generation=condition.observed_generation or before)


def check_status(new: Pod, old: Pod, errors: Errors) -> None:
    """Check the status of a pod."""
    after, before = new.status, old.status
    _check_conditions(after.conditions, errors)
    nominated = after.nominated_node_name
    if nominated and nominated != before.nominated_node_name:
        at = "status.nominatedNodeName"
        report(errors, at, nominated, names.dns_subdomain(nominated))
    if after.observed_generation < 0:
        path = "status.observedGeneration"
        errors.append(invalid(path, after.observed_generation, _NOT_NEGATIVE))
    check_immutable("status.qosClass", after.qos_class, before.qos_class, errors)
    _check_states(new, old, errors)
    _check_pod_addresses(after, before, errors)
    _check_host_addresses(after, before, errors)
    _check_users(new, errors)


def _check_states(new: Pod, old: Pod, errors: Errors) -> None:
    """A container that is not restarted stays terminated."""
    for field, after, before, containers in (
        (
            "containerStatuses",
            new.status.container_statuses,
            old.status.container_statuses,
            old.spec.containers,
        ),
        (
            "initContainerStatuses",
            new.status.init_container_statuses,
            old.status.init_container_statuses,
            old.spec.init_containers,
        ),
        (
            "ephemeralContainerStatuses",
            new.status.ephemeral_container_statuses,
            old.status.ephemeral_container_statuses,
            (),
        ),
    ):
        policy = "Never" if field.startswith("ephemeral") else old.spec.restart_policy
        path = f"status.{field}"
        _check_transitions(after, before, containers, policy, path, errors)


def _check_transitions(
    new: Sequence[ContainerStatus],
    old: Sequence[ContainerStatus],
    containers: Iterable[Container],
    policy: str,
    path: str,
    errors: Errors,
) -> None:
    by_name = {container.name: container for container in containers}
    for index, before in enumerate(old):
        ended = before.state.terminated
        if ended is None or _restarts(by_name.get(before.name), policy, ended.exit_code):
            continue
        for after in new:
            if after.name == before.name and after.state.terminated is None:
                errors.append(forbidden(f"{path}[{index}].state", _NOT_RESTARTED))


def _restarts(container: Container | None, policy: str, exit_code: int) -> bool:
    """Whether a container starts again after it ended (ContainerShouldRestart)."""
    if container is not None and container.restart_policy is not None:
        if any(_applies(rule, exit_code) for rule in container.restart_policy_rules):
            return True
        policy = container.restart_policy
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def _applies(rule: ContainerRestartRule, exit_code: int) -> bool:
    codes = rule.exit_codes
    if codes is None or rule.action != "Restart":
        return False
    return (exit_code in codes.values) == (codes.operator == "In")


def _check_pod_addresses(new: PodStatus, old: PodStatus, errors: Errors) -> None:
    _check_addresses(new.pod_ips, old.pod_ips, "status.podIPs", errors)


def _check_host_addresses(new: PodStatus, old: PodStatus, errors: Errors) -> None:
    if not new.host_ips:
        return
    first = new.host_ips[0].ip
    if new.host_ip != first:
        errors.append(invalid("status.hostIPs[0].ip", first, "must be equal to `hostIP`"))
    _check_addresses(new.host_ips, old.host_ips, "status.hostIPs", errors)


def _check_addresses(
    new: Sequence[PodIP | HostIP], old: Sequence[PodIP | HostIP], path: str, errors: Errors
) -> None:
    """At most one of each family; what was there already may stay as it is."""
    known = {address.ip for address in old}
    for index, address in enumerate(new):
        if address.ip not in known:
            check_address(address.ip, f"{path}[{index}]", errors)
    if len(new) < 2:
        return
    families = {":" in address.ip for address in new if parse_sloppy(address.ip) is not None}
    if len(families) != 2 or len(new) > 2:
        errors.append(invalid(path, new, _ONE_PER_FAMILY))


def _check_conditions(conditions: Iterable[PodCondition], errors: Errors) -> None:
    for index, condition in enumerate(conditions):
        path = f"status.conditions[{index}]"
        generation = condition.observed_generation
        if generation < 0:
            errors.append(invalid(f"{path}.observedGeneration", generation, _NOT_NEGATIVE))
        if condition.type not in _SYSTEM_CONDITIONS:
            messages = names.qualified_name(condition.type)
            report(errors, f"{path}.Type", condition.type, messages)


def _check_users(pod: Pod, errors: Errors) -> None:
    """Check the identities that containers run as (validateContainerStatusUsers)."""
    windows = pod.spec.os is not None and pod.spec.os.name == "windows"
    for field, statuses in (
        ("containerStatuses", pod.status.container_statuses),
        ("initContainerStatuses", pod.status.init_container_statuses),
        ("ephemeralContainerStatuses", pod.status.ephemeral_container_statuses),
    ):
        for index, status in enumerate(statuses):
            linux = None if status.user is None else status.user.linux
            if linux is None:
                continue
            path = f"status.{field}[{index}].user.linux"
            if windows:
                errors.append(forbidden(path, "cannot be set for a windows pod"))
                continue
            ids = [("uid", linux.uid), ("gid", linux.gid)]
            ids += [
                (f"supplementalGroups[{n}]", group)
                for n, group in enumerate(linux.supplemental_groups)
            ]
            for name, number in ids:
                report(errors, f"{path}.{name}", number, names.user_or_group_id(number))
