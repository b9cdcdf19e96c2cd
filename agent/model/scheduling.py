"""Where a cluster would place a pod. Known and checked here, without effect on one machine."""

from __future__ import annotations

from agent.model import names
from agent.model.base import Int32, Int64, Object, always
from agent.model.meta import LabelSelector


class NodeSelectorRequirement(Object):
    """One expression over node labels."""

    key: str = always(factory=str)
    operator: names.NodeSelectorOperator = always(factory=str)
    values: tuple[str, ...] = ()


class NodeSelectorTerm(Object):
    """Expressions that are ANDed."""

    match_expressions: tuple[NodeSelectorRequirement, ...] = ()
    match_fields: tuple[NodeSelectorRequirement, ...] = ()


class NodeSelector(Object):
    """Terms that are ORed."""

    node_selector_terms: tuple[NodeSelectorTerm, ...] = always(factory=tuple)


class PreferredSchedulingTerm(Object):
    """A weighted node preference."""

    weight: Int32 = always(factory=int)
    preference: NodeSelectorTerm = always(factory=NodeSelectorTerm)


class NodeAffinity(Object):
    """Node affinity rules."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    preferred_during_scheduling_ignored_during_execution: tuple[PreferredSchedulingTerm, ...] = ()


class PodAffinityTerm(Object):
    """Pods that this pod should (not) be near."""

    label_selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    topology_key: str = always(factory=str)
    namespace_selector: LabelSelector | None = None
    match_label_keys: tuple[str, ...] = ()
    mismatch_label_keys: tuple[str, ...] = ()


class WeightedPodAffinityTerm(Object):
    """A weighted pod preference."""

    weight: Int32 = always(factory=int)
    pod_affinity_term: PodAffinityTerm = always(factory=PodAffinityTerm)


class PodAffinity(Object):
    """Pod affinity rules."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = ()
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = ()


class PodAntiAffinity(Object):
    """Pod anti-affinity rules."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] = ()
    preferred_during_scheduling_ignored_during_execution: tuple[WeightedPodAffinityTerm, ...] = ()


class Affinity(Object):
    """All affinity rules of a pod."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAntiAffinity | None = None


class Toleration(Object):
    """A taint that the pod tolerates."""

    key: str = ""
    operator: names.TolerationOperator = ""
    value: str = ""
    effect: names.TaintEffect = ""
    toleration_seconds: Int64 | None = None


class TopologySpreadConstraint(Object):
    """How pods spread over a topology."""

    max_skew: Int32 = always(factory=int)
    topology_key: str = always(factory=str)
    when_unsatisfiable: names.UnsatisfiableConstraintAction = always(factory=str)
    label_selector: LabelSelector | None = None
    min_domains: Int32 | None = None
    node_affinity_policy: names.NodeInclusionPolicy | None = None
    node_taints_policy: names.NodeInclusionPolicy | None = None
    match_label_keys: tuple[str, ...] = ()


class PodSchedulingGate(Object):
    """A gate that holds scheduling back."""

    name: str = always(factory=str)


class PodResourceClaim(Object):
    """A resource claim of the pod."""

    name: str = always(factory=str)
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None
