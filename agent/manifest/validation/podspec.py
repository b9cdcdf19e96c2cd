"""Is the spec of a pod valid? (ValidatePodSpec)

Rules that few pods need are imported when they are needed: starting is to be fast.
"""

from __future__ import annotations

from agent.manifest.errors import (
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
    too_long,
)
from agent.manifest.validation import addresses, names
from agent.manifest.validation.containers import (
    Surroundings,
    check_containers,
    check_ephemeral_containers,
    check_init_containers,
)
from agent.manifest.validation.metadata import check_labels
from agent.manifest.validation.options import WHOLE_OBJECT, Errors, Options, report
from agent.manifest.validation.ports import check_host_network_ports
from agent.manifest.validation.resources import check_overhead, check_pod_resources
from agent.manifest.validation.security import check_pod_security_context
from agent.manifest.validation.visit import containers_with_path
from agent.manifest.validation.volumes import check_volumes
from agent.manifest.validation.windows import check_host_process, check_os
from agent.model.meta import ObjectMeta
from agent.model.pod import PodDNSConfig, PodSpec
from agent.model.scheduling import PodResourceClaim

_RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
_MAX_NAMESERVERS, _MAX_SEARCHES, _MAX_SEARCH_TEXT = 3, 32, 2048
_MAX_HOSTNAME = 64


def check_spec(spec: PodSpec, meta: ObjectMeta, errors: Errors, options: Options) -> None:
    """Check everything of a spec, in the API server's order."""
    if spec.termination_grace_period_seconds is None:
        errors.append(required("spec.terminationGracePeriodSeconds"))
    volumes = check_volumes(spec.volumes, meta, "spec.volumes", errors)
    claims = {claim.name for claim in spec.resource_claims if claim.name}
    _check_resource_claims(spec.resource_claims, meta, "spec.resourceClaims", errors)
    around = Surroundings(spec, volumes, claims, options)
    check_containers(around, "spec.containers", errors)
    check_init_containers(around, "spec.initContainers", errors)
    check_ephemeral_containers(around, "spec.ephemeralContainers", errors)
    check_pod_resources(spec, claims, "spec.resources", errors)
    if spec.host_network:
        check_host_network_ports(spec.containers, "spec.containers", errors)
    _check_choice(spec.restart_policy, _RESTART_POLICIES, "spec.restartPolicy", errors)
    _check_choice(spec.dns_policy, _DNS_POLICIES, "spec.dnsPolicy", errors)
    check_labels(spec.node_selector, "spec.nodeSelector", errors)
    check_pod_security_context(spec, "spec.securityContext", errors)
    if spec.affinity is not None:
        from agent.manifest.validation.scheduling import check_affinity

        check_affinity(spec.affinity, "spec.affinity", errors)
    _check_dns_config(spec.dns_config, spec.dns_policy, "spec.dnsConfig", errors)
    for index, gate in enumerate(spec.readiness_gates):
        at = f"spec.readinessGates[{index}].conditionType"
        report(errors, at, gate.condition_type, names.qualified_name(gate.condition_type))
    _check_gates_and_spread(spec, errors)
    check_host_process(spec, errors, options)
    _check_host_users(spec, errors)
    _check_hostname_override(spec, errors)
    _check_identity(spec, errors)
    _check_rest(spec, errors)


def _check_gates_and_spread(spec: PodSpec, errors: Errors) -> None:
    if not spec.scheduling_gates and not spec.topology_spread_constraints:
        return
    from agent.manifest.validation import scheduling

    scheduling.check_scheduling_gates(spec.scheduling_gates, "spec.schedulingGates", errors)
    spread = spec.topology_spread_constraints
    scheduling.check_topology_spread(spread, "spec.topologySpreadConstraints", errors)


def _check_choice(value: str, supported: tuple[str, ...], path: str, errors: Errors) -> None:
    if not value:
        errors.append(required(path))
    elif value not in supported:
        errors.append(not_supported(path, value, supported))


def _check_resource_claims(
    claims: tuple[PodResourceClaim, ...], meta: ObjectMeta, path: str, errors: Errors
) -> None:
    """Check the pod's claims (validatePodResourceClaims)."""
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        if "kubernetes.io/config.mirror" in meta.annotations:
            wrong = "static pods do not support resource claims"
            errors.append(forbidden(WHOLE_OBJECT, wrong))
            continue
        at = f"{path}[{index}]"
        if not claim.name:
            errors.append(required(f"{at}.name"))
        elif claim.name in seen:
            errors.append(duplicate(f"{at}.name", claim.name))
        else:
            report(errors, f"{at}.name", claim.name, names.dns_label(claim.name))
            seen.add(claim.name)
        _check_claim_source(claim, at, errors)


def _check_claim_source(claim: PodResourceClaim, path: str, errors: Errors) -> None:
    name, template = claim.resource_claim_name, claim.resource_claim_template_name
    if name is not None and template is not None:
        wrong = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
        errors.append(invalid(path, claim, wrong))
    if name is None and template is None:
        wrong = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
        errors.append(invalid(path, claim, wrong))
    if name is not None:
        report(errors, f"{path}.resourceClaimName", name, names.dns_subdomain(name))
    if template is not None:
        at = f"{path}.resourceClaimTemplateName"
        report(errors, at, template, names.dns_subdomain(template))


def _check_dns_config(config: PodDNSConfig | None, policy: str, path: str, errors: Errors) -> None:
    """Check resolver settings (validatePodDNSConfig)."""
    if policy == "None" and config is None:
        wrong = "must provide `dnsConfig` when `dnsPolicy` is None"
        errors.append(required(path, wrong))
        return
    if config is None:
        return
    if policy == "None" and not config.nameservers:
        wrong = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        errors.append(required(f"{path}.nameservers", wrong))
        return
    if len(config.nameservers) > _MAX_NAMESERVERS:
        wrong = f"must not have more than {_MAX_NAMESERVERS} nameservers"
        errors.append(invalid(f"{path}.nameservers", config.nameservers, wrong))
    for index, server in enumerate(config.nameservers):
        addresses.check_address(server, f"{path}.nameservers[{index}]", errors)
    _check_searches(config.searches, f"{path}.searches", errors)
    for index, option in enumerate(config.options):
        if not option.name:
            errors.append(required(f"{path}.options[{index}]", "must not be empty"))


def _check_searches(searches: tuple[str, ...], path: str, errors: Errors) -> None:
    if len(searches) > _MAX_SEARCHES:
        wrong = f"must not have more than {_MAX_SEARCHES} search paths"
        errors.append(invalid(path, searches, wrong))
    if names.size(" ".join(searches)) > _MAX_SEARCH_TEXT:
        wrong = (
            f"must not have more than {_MAX_SEARCH_TEXT} characters (including spaces) "
            "in the search list"
        )
        errors.append(invalid(path, searches, wrong))
    for index, search in enumerate(searches):
        if search != ".":
            domain = search.removesuffix(".")
            report(errors, f"{path}[{index}]", domain, names.dns_search(domain))


def _check_host_users(spec: PodSpec, errors: Errors) -> None:
    """Check that a pod with its own users shares no other namespace (validateHostUsers)."""
    if spec.host_users is not False:
        return
    for field, shared in (
        ("hostNetwork", spec.host_network),
        ("HostPID", spec.host_pid),
        ("HostIPC", spec.host_ipc),
    ):
        if shared:
            errors.append(forbidden(f"spec.{field}", "when `hostUsers` is false"))


def _check_hostname_override(spec: PodSpec, errors: Errors) -> None:
    name, path = spec.hostname_override, "spec.hostnameOverride"
    if name is None:
        return
    if spec.set_hostname_as_fqdn:
        wrong = "may not be specified when setHostnameAsFQDN is true"
        errors.append(forbidden(path, wrong))
    if spec.host_network:
        errors.append(forbidden(path, "may not be specified when hostNetwork is true"))
    if names.size(name) > _MAX_HOSTNAME:
        errors.append(too_long(path, _MAX_HOSTNAME))
    report(errors, path, name, names.dns_subdomain(name))


def _check_identity(spec: PodSpec, errors: Errors) -> None:
    """Check the account, the node, the names and the deadline of the pod."""
    for field, name in (
        ("serviceAccountName", spec.service_account_name),
        ("nodeName", spec.node_name),
    ):
        if name:
            report(errors, f"spec.{field}", name, names.dns_subdomain(name))
    deadline = spec.active_deadline_seconds
    if deadline is not None and not 1 <= deadline <= names.MAX_INT32:
        wrong = names.out_of_range(1, names.MAX_INT32)
        errors.append(invalid("spec.activeDeadlineSeconds", deadline, wrong))
    for field, name in (("hostname", spec.hostname), ("subdomain", spec.subdomain)):
        if name:
            report(errors, f"spec.{field}", name, names.dns_label(name))


def _check_rest(spec: PodSpec, errors: Errors) -> None:
    """Check what the API server checks last."""
    if spec.tolerations:
        from agent.manifest.validation.scheduling import check_tolerations

        check_tolerations(spec.tolerations, "spec.tolerations", errors)
    for index, alias in enumerate(spec.host_aliases):
        at = f"spec.hostAliases[{index}]"
        addresses.check_address(alias.ip, f"{at}.ip", errors)
        for position, hostname in enumerate(alias.hostnames):
            messages = names.dns_subdomain(hostname)
            report(errors, f"{at}.hostnames[{position}]", hostname, messages)
    for field, name in (
        ("priorityClassName", spec.priority_class_name or None),
        ("runtimeClassName", spec.runtime_class_name),
    ):
        if name is not None:
            report(errors, f"spec.{field}", name, names.dns_subdomain(name))
    policy = spec.preemption_policy
    if policy is not None:
        _check_choice(policy, _PREEMPTION_POLICIES, "spec.preemptionPolicy", errors)
    if spec.overhead:
        check_overhead(spec.overhead, "spec.overhead", errors)
    if spec.os is not None:
        check_os(spec, spec.os, errors)
    _check_env_files(spec, errors)


def _check_env_files(spec: PodSpec, errors: Errors) -> None:
    """Check that env files are in emptyDir volumes (validateFileKeyRefVolumes)."""
    volumes = {volume.name: volume for volume in spec.volumes}
    for container, path in containers_with_path(spec):
        for index, variable in enumerate(container.env):
            source = None if variable.value_from is None else variable.value_from.file_key_ref
            if source is None:
                continue
            at = f"{path}.env[{index}].valueFrom.fileKeyRef.volumeName"
            volume = volumes.get(source.volume_name)
            if volume is None:
                errors.append(not_found(at, source.volume_name))
            elif volume.empty_dir is None:
                wrong = "referenced volume must be of type emptyDir"
                errors.append(invalid(at, source.volume_name, wrong))
