"""A pod whose scheduling is gated may still be narrowed down to fewer nodes.

(k8s.io/kubernetes: pkg/apis/core/validation, validateNodeSelectorMutation and
validateNodeAffinityMutation)
"""

from __future__ import annotations

from msgspec.structs import replace

from agent.manifest.errors import invalid
from agent.manifest.validation.options import Errors
from agent.model.pod import PodSpec
from agent.model.scheduling import Affinity, NodeAffinity, NodeSelectorTerm

_TERMS = (
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
)


def check_narrowing(new: PodSpec, old: PodSpec, errors: Errors) -> PodSpec:
    """Check what may be added; return `new` with these fields as they were."""
    if new.node_selector != old.node_selector:
        if any(new.node_selector.get(key) != old.node_selector[key] for key in old.node_selector):
            wrong = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
            errors.append(invalid("spec.nodeSelector", new.node_selector or None, wrong))
        new = replace(new, node_selector=old.node_selector)
    before = None if old.affinity is None else old.affinity.node_affinity
    after = None if new.affinity is None else new.affinity.node_affinity
    if before != after:
        _check_affinity(after, before, errors)
        new = replace(new, affinity=_with_old(new.affinity, old.affinity, before))
    return new


def _with_old(
    new: Affinity | None, old: Affinity | None, before: NodeAffinity | None
) -> Affinity | None:
    if new is None:
        return None if before is None else Affinity(node_affinity=before)
    if old is None and new.pod_affinity is None and new.pod_anti_affinity is None:
        return None
    return replace(new, node_affinity=before)


def _check_affinity(new: NodeAffinity | None, old: NodeAffinity | None, errors: Errors) -> None:
    before, after = _terms(old), _terms(new)
    if not before:
        return
    if len(before) != len(after):
        wrong = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        errors.append(invalid(_TERMS, after or None, wrong))
        return
    for index, (was, term) in enumerate(zip(before, after, strict=True)):
        if not _only_adds(term, was):
            wrong = "only additions are allowed (no mutations or deletions)"
            errors.append(invalid(f"{_TERMS}[{index}]", term, wrong))


def _terms(affinity: NodeAffinity | None) -> tuple[NodeSelectorTerm, ...]:
    needed = (
        None if affinity is None else affinity.required_during_scheduling_ignored_during_execution
    )
    return () if needed is None else needed.node_selector_terms


def _only_adds(new: NodeSelectorTerm, old: NodeSelectorTerm) -> bool:
    """An empty term matches no node, so that an addition would widen it."""
    if old == NodeSelectorTerm():
        return new == old
    return (
        new.match_expressions[: len(old.match_expressions)] == old.match_expressions
        and new.match_fields[: len(old.match_fields)] == old.match_fields
    )
