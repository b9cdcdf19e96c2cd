"""Does a pod ask for its place in a way that is old, or that matches nothing?"""

from __future__ import annotations

from agent.manifest.validation import names
from agent.model.pod import PodSpec
from agent.model.scheduling import NodeSelectorTerm, PodAffinity, PodAntiAffinity

_NO_MATCH = "a null labelSelector results in matching no pod"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_ZONE = "topology.kubernetes.io/zone"
#: Old label -> what to say of it.
_OLD_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": (
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead'
    ),
    "failure-domain.beta.kubernetes.io/zone": f'deprecated since v1.17; use "{_ZONE}" instead',
    "beta.kubernetes.io/instance-type": (
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
    ),
}


def node_label_warnings(spec: PodSpec) -> list[str]:
    """Old labels in the node selector and in node affinity."""
    found = [
        f"spec.nodeSelector[{key}]: {_OLD_LABELS[key]}"
        for key in spec.node_selector
        if key in _OLD_LABELS
    ]
    affinity = None if spec.affinity is None else spec.affinity.node_affinity
    if affinity is None:
        return found
    path = "spec.affinity.nodeAffinity"
    needed = affinity.required_during_scheduling_ignored_during_execution
    if needed is not None:
        for index, term in enumerate(needed.node_selector_terms):
            found += _term_warnings(term, f"{path}.{_REQUIRED}.nodeSelectorTerms[{index}]")
    preferred = affinity.preferred_during_scheduling_ignored_during_execution
    for index, preference in enumerate(preferred):
        at = f"{path}.{_PREFERRED}[{index}].preference"
        found += _term_warnings(preference.preference, at, check_values=True)
    return found


def _term_warnings(term: NodeSelectorTerm, path: str, *, check_values: bool = False) -> list[str]:
    """Old labels, and bad values where validation lets them pass."""
    found = []
    for index, expression in enumerate(term.match_expressions):
        at = f"{path}.matchExpressions[{index}]"
        if expression.key in _OLD_LABELS:
            found.append(f"{at}.key: {expression.key} is {_OLD_LABELS[expression.key]}")
        for position, value in enumerate(expression.values if check_values else ()):
            found += [
                f"{at}.values[{position}]: {value} is invalid, {message}"
                for message in names.label_value(value)
            ]
    return found


def spread_warnings(spec: PodSpec) -> list[str]:
    """Old labels and missing selectors in topology spread constraints."""
    found = []
    for index, constraint in enumerate(spec.topology_spread_constraints):
        path = f"spec.topologySpreadConstraints[{index}]"
        key = constraint.topology_key
        if key in _OLD_LABELS:
            found.append(f"{path}.topologyKey: {key} is {_OLD_LABELS[key]}")
        if constraint.label_selector is None:
            found.append(f"{path}.labelSelector: {_NO_MATCH}")
    return found


def affinity_warnings(spec: PodSpec) -> list[str]:
    """Missing selectors in affinity to other pods."""
    if spec.affinity is None:
        return []
    found = []
    for field, affinity in (
        ("podAffinity", spec.affinity.pod_affinity),
        ("podAntiAffinity", spec.affinity.pod_anti_affinity),
    ):
        if affinity is not None:
            found += _selector_warnings(affinity, f"spec.affinity.{field}")
    return found


def _selector_warnings(affinity: PodAffinity | PodAntiAffinity, path: str) -> list[str]:
    needed = affinity.required_during_scheduling_ignored_during_execution
    preferred = affinity.preferred_during_scheduling_ignored_during_execution
    found = [
        f"{path}.{_REQUIRED}[{index}].labelSelector: {_NO_MATCH}"
        for index, term in enumerate(needed)
        if term.label_selector is None
    ]
    found += [
        f"{path}.{_PREFERRED}[{index}].podAffinityTerm.labelSelector: {_NO_MATCH}"
        for index, weighted in enumerate(preferred)
        if weighted.pod_affinity_term.label_selector is None
    ]
    return found
