"""Which requests and limits does a pod as a whole have, when some are given at its level?

Kubernetes: pkg/apis/core/v1/defaults.go (defaultPodRequests, defaultHugePagePodLimits) and
component-helpers/resource (AggregateContainerRequests).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from agent.model import quantity
from agent.model.container import Container
from agent.model.pod import PodSpec
from agent.model.quantity import Amount

_HUGE_PAGES = "hugepages-"
#: Amounts further apart than this many powers of ten are not written out to be added.
_ABSURD = 100
_Amounts = dict[str, Amount]


def default_pod_resources(spec: PodSpec) -> PodSpec:
    """Complete `spec.resources` from the containers, whose own defaults are set already."""
    resources = spec.resources
    if resources is None or not (resources.limits or resources.requests):
        return spec
    limits = dict(resources.limits)
    for name, amount in _total(spec, lambda container: container.resources.limits).items():
        if name.startswith(_HUGE_PAGES):
            limits.setdefault(name, amount)
    requests = dict(resources.requests)
    for name, amount in _total(spec, lambda container: container.resources.requests).items():
        if name in ("cpu", "memory"):  # huge pages cannot be overcommitted: their limit counts
            requests.setdefault(name, amount)
    for name, amount in limits.items():
        if name in ("cpu", "memory") or name.startswith(_HUGE_PAGES):
            requests.setdefault(name, amount)
    return replace(spec, resources=replace(resources, limits=limits, requests=requests))


def pod_requests(spec: PodSpec) -> dict[str, str]:
    """What is set aside for a pod (component-helpers: PodRequests)."""
    requests = _total(spec, lambda container: container.resources.requests)
    if spec.resources is not None:
        requests |= _of_pods(spec.resources.requests)
    return sum_of((requests, spec.overhead))


def pod_limits(spec: PodSpec) -> dict[str, str]:
    """What a pod may use at most, for the resources with a limit (component-helpers: PodLimits)."""
    limits = _total(spec, lambda container: container.resources.limits)
    if spec.resources is not None:
        limits |= _of_pods(spec.resources.limits)
    return sum_of((limits, {name: spec.overhead[name] for name in spec.overhead if name in limits}))


def sum_of(lists: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Add quantities up, resource by resource."""
    total: _Amounts = {}
    for resources in lists:
        _add(total, resources)
    return {name: amount.canonical() for name, amount in total.items()}


def _of_pods(resources: Mapping[str, str]) -> dict[str, str]:
    """Those that can be given to a pod as a whole."""
    return {
        name: amount
        for name, amount in resources.items()
        if name in ("cpu", "memory") or name.startswith(_HUGE_PAGES)
    }


def _total(spec: PodSpec, of: Callable[[Container], Mapping[str, str]]) -> dict[str, str]:
    """What all containers need at the worst moment: together, or one init container on its way."""
    together: _Amounts = {}
    for container in spec.containers:
        _add(together, of(container))
    sidecars: _Amounts = {}
    on_the_way: _Amounts = {}
    for container in spec.init_containers:
        if container.restart_policy == "Always":
            _add(together, of(container))
            _add(sidecars, of(container))
            moment = sidecars
        else:
            moment = dict(sidecars)
            _add(moment, of(container))
        for name, amount in moment.items():
            if name not in on_the_way or amount.compare(on_the_way[name]) > 0:
                on_the_way[name] = amount
    for name, amount in on_the_way.items():
        if name not in together or amount.compare(together[name]) > 0:
            together[name] = amount
    return {name: amount.canonical() for name, amount in together.items()}


def _add(total: _Amounts, more: Mapping[str, str]) -> None:
    for name, text in more.items():
        amount = quantity.parse(text)
        total[name] = _sum(total[name], amount) if name in total else amount


def _sum(left: Amount, right: Amount) -> Amount:
    """Add; the form (decimal or binary) of the first that is not zero is kept."""
    exponent = min(left.exponent, right.exponent)
    if max(left.exponent, right.exponent) - exponent > _ABSURD:
        return left if left.compare(right) > 0 else right
    unscaled = sum(part.unscaled * int(10 ** (part.exponent - exponent)) for part in (left, right))
    kept = left if left.sign() else right
    return replace(kept, unscaled=unscaled, exponent=exponent, text="")
