"""What does the API server make of a decoded, defaulted pod before it validates and stores it?

The pod strategy of Kubernetes (pkg/registry/core/pod/strategy.go, PrepareForCreate) and what every
create request goes through before (apiserver: pkg/registry/rest/create.go, meta.go).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from agent.manifest.errors import FieldError
from agent.manifest.gates import drop_disabled_fields
from agent.manifest.validation.annotations import APPARMOR_CONTAINER
from agent.model.container import Container
from agent.model.meta import LabelSelector, LabelSelectorRequirement
from agent.model.pod import Pod, PodSpec
from agent.model.scheduling import (
    Affinity,
    PodAffinity,
    PodAffinityTerm,
    PodAntiAffinity,
    TopologySpreadConstraint,
)
from agent.model.security import AppArmorProfile, SecurityContext
from agent.model.status import PodStatus

NAMESPACE_MISMATCH = (
    "the namespace of the provided object does not match the namespace sent on the request"
)
_APPARMOR_OLD = 'deprecated since v1.30; use the "appArmorProfile" field instead'
_LOCALHOST = "localhost/"

_C = TypeVar("_C", bound=Container)
_A = TypeVar("_A", PodAffinity, PodAntiAffinity)


class NamespaceMismatchError(ValueError):
    """The object names another namespace than the request."""


def prepare_for_create(
    pod: Pod,
    request_namespace: str,
    *,
    features: frozenset[str] = frozenset(),
    name_suffix: str = "",
) -> tuple[Pod, list[str]]:
    """Make a defaulted pod ready to be validated; the second value are warnings for its author.

    A pod that only has a `generateName` is named that with `name_suffix` appended. Raises
    NamespaceMismatchError. The uid and the time of creation are left to who stores the pod.
    """
    meta = pod.metadata
    namespace = meta.namespace or request_namespace
    if namespace != request_namespace:
        raise NamespaceMismatchError(NAMESPACE_MISMATCH)
    name = meta.name
    if not name and meta.generate_name:
        name = meta.generate_name + name_suffix
    meta = replace(
        meta,
        name=name,
        namespace=namespace,
        uid="",
        self_link="",
        generation=1,
        creation_timestamp=None,
        deletion_timestamp=None,
        deletion_grace_period_seconds=None,
    )
    pod = replace(pod, metadata=meta, status=PodStatus(phase="Pending"))
    pod = drop_disabled_fields(pod, features)
    pod = replace(pod, spec=_with_label_keys(pod.spec, meta.labels))
    return _with_apparmor(pod)


def _with_label_keys(spec: PodSpec, labels: dict[str, str]) -> PodSpec:
    """Merge matchLabelKeys and mismatchLabelKeys into the label selectors beside them."""

    def in_term(term: PodAffinityTerm) -> PodAffinityTerm:
        selector = _merged(term.label_selector, term.match_label_keys, "In", labels)
        selector = _merged(selector, term.mismatch_label_keys, "NotIn", labels)
        return replace(term, label_selector=selector)

    def in_constraint(constraint: TopologySpreadConstraint) -> TopologySpreadConstraint:
        keys = constraint.match_label_keys
        return replace(
            constraint, label_selector=_merged(constraint.label_selector, keys, "In", labels)
        )

    if spec.affinity is not None:
        spec = replace(spec, affinity=_with_terms(spec.affinity, in_term))
    if spec.topology_spread_constraints:
        spread = tuple(map(in_constraint, spec.topology_spread_constraints))
        spec = replace(spec, topology_spread_constraints=spread)
    return spec


def _merged(
    selector: LabelSelector | None, keys: Iterable[str], operator: str, labels: dict[str, str]
) -> LabelSelector | None:
    """Add an expression for each key that the pod has as a label."""
    added = tuple(
        LabelSelectorRequirement(key=key, operator=operator, values=(labels[key],))
        for key in keys
        if key in labels
    )
    if selector is None or not added:
        return selector
    return replace(selector, match_expressions=selector.match_expressions + added)


def _with_terms(
    affinity: Affinity, change: Callable[[PodAffinityTerm], PodAffinityTerm]
) -> Affinity:
    def changed(part: _A) -> _A:
        needed = part.required_during_scheduling_ignored_during_execution
        preferred = part.preferred_during_scheduling_ignored_during_execution
        return replace(
            part,
            required_during_scheduling_ignored_during_execution=tuple(map(change, needed)),
            preferred_during_scheduling_ignored_during_execution=tuple(
                replace(weighted, pod_affinity_term=change(weighted.pod_affinity_term))
                for weighted in preferred
            ),
        )

    if affinity.pod_affinity is not None:
        affinity = replace(affinity, pod_affinity=changed(affinity.pod_affinity))
    if affinity.pod_anti_affinity is not None:
        affinity = replace(affinity, pod_anti_affinity=changed(affinity.pod_anti_affinity))
    return affinity


def _with_apparmor(pod: Pod) -> tuple[Pod, list[str]]:
    """Copy AppArmor profiles from fields to old annotations and back (applyAppArmorVersionSkew)."""
    spec, annotations = pod.spec, dict(pod.metadata.annotations)
    if spec.os is not None and spec.os.name == "windows":
        return pod, []
    context = spec.security_context
    inherited = None if context is None else context.app_armor_profile
    warnings: list[str] = []

    def synced(container: _C) -> _C:
        key = APPARMOR_CONTAINER + container.name
        own = container.security_context
        profile = None if own is None else own.app_armor_profile
        if key not in annotations:
            text = _annotation(profile or inherited)
            if text:
                annotations[key] = text
            return container
        if profile is not None:
            return container
        copied = _profile(annotations[key])
        if copied is None or copied != inherited:
            warnings.append(f"metadata.annotations[{key}]: {_APPARMOR_OLD}")
        if copied is None or copied == inherited:
            return container
        own = replace(own or SecurityContext(), app_armor_profile=copied)
        return replace(container, security_context=own)

    spec = replace(
        spec,
        init_containers=tuple(map(synced, spec.init_containers)),
        containers=tuple(map(synced, spec.containers)),
        ephemeral_containers=tuple(map(synced, spec.ephemeral_containers)),
    )
    return replace(
        pod, spec=spec, metadata=replace(pod.metadata, annotations=annotations)
    ), warnings


def _annotation(profile: AppArmorProfile | None) -> str:
    """The annotation for a profile; empty when there is none."""
    if profile is None:
        return ""
    if profile.type == "Localhost":
        return "" if profile.localhost_profile is None else _LOCALHOST + profile.localhost_profile
    return {"RuntimeDefault": "runtime/default", "Unconfined": "unconfined"}.get(profile.type, "")


def _profile(annotation: str) -> AppArmorProfile | None:
    """The profile for an annotation; None when it means nothing valid."""
    if annotation == "runtime/default":
        return AppArmorProfile(type="RuntimeDefault")
    if annotation == "unconfined":
        return AppArmorProfile(type="Unconfined")
    name = annotation.removeprefix(_LOCALHOST)
    if name == annotation or not name or name != name.strip():
        return None
    return AppArmorProfile(type="Localhost", localhost_profile=name)


def invalid_message(kind: str, name: str, errors: Iterable[FieldError]) -> str:
    """The message of an API Status for invalid fields; the same text is not repeated."""
    texts = list(dict.fromkeys(map(str, errors)))
    if not texts:
        return f'{kind} "{name}" is invalid'
    shown = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return f'{kind} "{name}" is invalid: {shown}'


def invalid_status(kind: str, name: str, errors: Iterable[FieldError]) -> dict[str, Any]:
    """The API Status for an object with invalid fields (apimachinery: errors.NewInvalid)."""
    found = list(errors)
    causes = [
        {"reason": e.type.value, "message": e.body, "field": e.path or "<nil>"} for e in found
    ]
    details: dict[str, Any] = {"name": name, "kind": kind}
    if causes:
        details["causes"] = causes
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": invalid_message(kind, name, found),
        "reason": "Invalid",
        "details": {key: value for key, value in details.items() if value},
        "code": 422,
    }
