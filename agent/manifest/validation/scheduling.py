"""Are the fields valid by which a cluster places a pod? They mean nothing on one machine."""

from __future__ import annotations

from collections.abc import Sequence

from agent.manifest.errors import (
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
)
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, report
from agent.manifest.validation.selectors import check_label_selector, check_node_selector_term
from agent.model.meta import LabelSelector
from agent.model.scheduling import (
    Affinity,
    NodeAffinity,
    PodAffinity,
    PodAffinityTerm,
    PodAntiAffinity,
    PodSchedulingGate,
    Toleration,
    TopologySpreadConstraint,
)

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def check_tolerations(tolerations: Sequence[Toleration], path: str, errors: Errors) -> None:
    """Check tolerations of taints (ValidateTolerations)."""
    for index, toleration in enumerate(tolerations):
        _check_toleration(toleration, f"{path}[{index}]", errors)


def _check_toleration(toleration: Toleration, path: str, errors: Errors) -> None:
    key, operator, effect = toleration.key, toleration.operator, toleration.effect
    if key:
        report(errors, f"{path}.key", key, names.qualified_name(key))
    elif operator != "Exists":
        wrong = (
            "operator must be Exists when `key` is empty, "
            'which means "match all values and all keys"'
        )
        errors.append(invalid(f"{path}.operator", operator, wrong))
    if toleration.toleration_seconds is not None and effect != "NoExecute":
        wrong = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        errors.append(invalid(f"{path}.effect", effect, wrong))
    if operator in ("", "Equal"):
        wrong = ";".join(names.label_value(toleration.value))
        report(errors, f"{path}.operator", toleration.value, filter(None, [wrong]))
    elif operator == "Exists":
        if toleration.value:
            wrong = "value must be empty when `operator` is 'Exists'"
            errors.append(invalid(f"{path}.operator", toleration.value, wrong))
    else:
        errors.append(not_supported(f"{path}.operator", operator, ("Equal", "Exists")))
    if effect and effect not in _EFFECTS:
        errors.append(not_supported(f"{path}.effect", effect, _EFFECTS))


def check_scheduling_gates(gates: tuple[PodSchedulingGate, ...], path: str, errors: Errors) -> None:
    """Check names and uniqueness of gates (validateSchedulingGates)."""
    seen: set[str] = set()
    for index, gate in enumerate(gates):
        report(errors, f"{path}[{index}]", gate.name, names.qualified_name(gate.name))
        if gate.name in seen:
            errors.append(duplicate(f"{path}[{index}]", gate.name))
        seen.add(gate.name)


def check_affinity(affinity: Affinity, path: str, errors: Errors) -> None:
    """Check all affinity rules (validateAffinity)."""
    if affinity.node_affinity is not None:
        _check_node_affinity(affinity.node_affinity, f"{path}.nodeAffinity", errors)
    if affinity.pod_affinity is not None:
        _check_pod_affinity(affinity.pod_affinity, f"{path}.podAffinity", errors)
    if affinity.pod_anti_affinity is not None:
        _check_pod_affinity(affinity.pod_anti_affinity, f"{path}.podAntiAffinity", errors)


def _check_weight(weight: int, path: str, errors: Errors) -> None:
    if not 1 <= weight <= 100:
        errors.append(invalid(f"{path}.weight", weight, "must be in the range 1-100"))


def _check_node_affinity(affinity: NodeAffinity, path: str, errors: Errors) -> None:
    needed = affinity.required_during_scheduling_ignored_during_execution
    if needed is not None:
        at = f"{path}.{_REQUIRED}.nodeSelectorTerms"
        if not needed.node_selector_terms:
            errors.append(required(at, "must have at least one node selector term"))
        for index, term in enumerate(needed.node_selector_terms):
            check_node_selector_term(term, f"{at}[{index}]", errors, check_values=True)
    preferred = affinity.preferred_during_scheduling_ignored_during_execution
    for index, preference in enumerate(preferred):
        at = f"{path}.{_PREFERRED}[{index}]"
        _check_weight(preference.weight, at, errors)
        term = preference.preference
        check_node_selector_term(term, f"{at}.preference", errors, check_values=False)


def _check_pod_affinity(affinity: PodAffinity | PodAntiAffinity, path: str, errors: Errors) -> None:
    needed = affinity.required_during_scheduling_ignored_during_execution
    for index, term in enumerate(needed):
        _check_pod_affinity_term(term, f"{path}.{_REQUIRED}[{index}]", errors)
    preferred = affinity.preferred_during_scheduling_ignored_during_execution
    for index, weighted in enumerate(preferred):
        at = f"{path}.{_PREFERRED}[{index}]"
        _check_weight(weighted.weight, at, errors)
        _check_pod_affinity_term(weighted.pod_affinity_term, f"{at}.podAffinityTerm", errors)


def _check_pod_affinity_term(term: PodAffinityTerm, path: str, errors: Errors) -> None:
    check_label_selector(term.label_selector, f"{path}.labelSelector", errors)
    check_label_selector(term.namespace_selector, f"{path}.namespaceSelector", errors)
    for namespace in term.namespaces:
        report(errors, f"{path}.namespace", namespace, names.dns_label(namespace))
    _check_label_keys(
        term.match_label_keys, term.mismatch_label_keys, term.label_selector, path, errors
    )
    if not term.topology_key:
        errors.append(required(f"{path}.topologyKey", "can not be empty"))
    messages = names.qualified_name(term.topology_key)
    report(errors, f"{path}.topologyKey", term.topology_key, messages)


def _check_label_keys(
    match: tuple[str, ...],
    mismatch: tuple[str, ...],
    selector: LabelSelector | None,
    path: str,
    errors: Errors,
) -> None:
    """Check keys that are merged into the selector (ValidateMatchLabelKeysAndMismatchLabelKeys).

    The selector already has the expressions made from the keys; a key that it has twice was
    written by the user, too.
    """
    for field, keys in (("matchLabelKeys", match), ("mismatchLabelKeys", mismatch)):
        if keys and selector is None:
            wrong = "must not be specified when labelSelector is not set"
            errors.append(forbidden(f"{path}.{field}", wrong))
            continue
        for index, key in enumerate(keys):
            report(errors, f"{path}.{field}[{index}]", key, names.qualified_name(key))
    if selector is not None and match:
        positions = {key: index for index, key in enumerate(match)}
        known = set(selector.match_labels)
        for expression in selector.match_expressions:
            key = expression.key
            if key in positions and key in known:
                wrong = "exists in both matchLabelKeys and labelSelector"
                errors.append(invalid(f"{path}[{positions[key]}]", key, wrong))
            known.add(key)
    for index, key in enumerate(match):
        if key in mismatch:
            wrong = "exists in both matchLabelKeys and mismatchLabelKeys"
            errors.append(invalid(f"{path}.matchLabelKeys[{index}]", key, wrong))


def check_topology_spread(
    constraints: tuple[TopologySpreadConstraint, ...], path: str, errors: Errors
) -> None:
    """Check spread constraints (validateTopologySpreadConstraints)."""
    for index, constraint in enumerate(constraints):
        at = f"{path}[{index}]"
        _check_spread(constraint, at, errors)
        pair = (constraint.topology_key, constraint.when_unsatisfiable)
        for other in constraints[index + 1 :]:
            if pair == (other.topology_key, other.when_unsatisfiable):
                field = f"{at}.{{topologyKey, whenUnsatisfiable}}"
                errors.append(duplicate(field, f"{{{pair[0]}, {pair[1]}}}"))
                break
        _check_spread_policies(constraint, at, errors)
        keys, selector = constraint.match_label_keys, constraint.label_selector
        _check_label_keys(keys, (), selector, at, errors)
        check_label_selector(selector, f"{at}.labelSelector", errors)


def _check_spread(constraint: TopologySpreadConstraint, path: str, errors: Errors) -> None:
    if constraint.max_skew <= 0:
        errors.append(invalid(f"{path}.maxSkew", constraint.max_skew, "must be greater than zero"))
    if not constraint.topology_key:
        errors.append(required(f"{path}.topologyKey", "can not be empty"))
    action = constraint.when_unsatisfiable
    if action not in ("DoNotSchedule", "ScheduleAnyway"):
        supported = ("DoNotSchedule", "ScheduleAnyway")
        errors.append(not_supported(f"{path}.whenUnsatisfiable", action, supported))


def _check_spread_policies(constraint: TopologySpreadConstraint, path: str, errors: Errors) -> None:
    minimum = constraint.min_domains
    if minimum is not None:
        if minimum <= 0:
            errors.append(invalid(f"{path}.minDomains", minimum, "must be greater than zero"))
        action = constraint.when_unsatisfiable
        if action != "DoNotSchedule":
            wrong = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
            errors.append(invalid(f"{path}.minDomains", minimum, wrong))
    for field, policy in (
        ("nodeAffinityPolicy", constraint.node_affinity_policy),
        ("nodeTaintsPolicy", constraint.node_taints_policy),
    ):
        if policy is not None and policy not in ("Honor", "Ignore"):
            errors.append(not_supported(f"{path}.{field}", policy, ("Honor", "Ignore")))
