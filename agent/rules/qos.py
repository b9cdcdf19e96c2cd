"""To which quality-of-service class does a pod belong?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.model.container import ResourceRequirements
from agent.model.pod import Pod

BEST_EFFORT = "BestEffort"
BURSTABLE = "Burstable"
GUARANTEED = "Guaranteed"
_COMPUTE = ("cpu", "memory")
_NANO_EXPONENT = 9
#: Larger powers of ten only say "absurdly much"; they are not written out.
_MAX_PLACES = 60


def qos_class(pod: Pod) -> str:
    """Return the class; resources of the pod as a whole, if given, outrank its containers'.

    Kubernetes: ComputePodQOS (pkg/apis/core/v1/helper/qos).
    """
    parts = [c.resources for c in pod.spec.containers + pod.spec.init_containers]
    pod_level = pod.spec.resources
    if pod_level is not None and (pod_level.requests or pod_level.limits):
        parts = [pod_level]
    requests = _sum(part.requests for part in parts)
    limits = _sum(part.limits for part in parts)
    if not requests and not limits:
        return BEST_EFFORT
    if requests == limits and all(_is_limited(part) for part in parts):
        return GUARANTEED
    return BURSTABLE


def _is_limited(resources: ResourceRequirements) -> bool:
    return len(_amounts(resources.limits)) == len(_COMPUTE)


def _sum(lists: Iterable[Mapping[str, str]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for resources in lists:
        for name, amount in _amounts(resources).items():
            total[name] = total.get(name, 0) + amount
    return total


def _amounts(resources: Mapping[str, str]) -> dict[str, int]:
    """The compute resources that are more than nothing, in billionths."""
    amounts = {name: _nanos(resources[name]) for name in _COMPUTE if name in resources}
    return {name: amount for name, amount in amounts.items() if amount > 0}


def _nanos(text: str) -> int:
    """No quantity has a finer grain than a billionth: quantities are rounded to it when read."""
    from agent.model import quantity  # costs start-up time that most pods need not pay

    amount = quantity.parse(text)
    return amount.unscaled * int(10 ** min(amount.exponent + _NANO_EXPONENT, _MAX_PLACES))
