"""Are requests, limits and resize policies valid?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from agent.manifest.errors import (
    duplicate,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, report
from agent.model import quantity
from agent.model.container import (
    Container,
    ContainerResizePolicy,
    ResourceClaim,
    ResourceRequirements,
)
from agent.model.pod import PodSpec
from agent.model.quantity import Amount

_CONTAINER_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
_COUNTED = frozenset(
    {"pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
     "persistentvolumeclaims", "services.nodeports", "services.loadbalancers"}
)  # fmt: skip
_STANDARD_RESOURCES = frozenset(
    {"requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu",
     "limits.memory", "limits.ephemeral-storage", "storage", "requests.storage",
     *_CONTAINER_RESOURCES, *_COUNTED}
)  # fmt: skip
_POD_RESOURCES = ("cpu", "hugepages-", "memory")
_HUGE_PAGES = "hugepages-"
_COMPUTE = frozenset({"cpu", "memory"})
_RESIZE_POLICIES = ("NotRequired", "RestartContainer")

#: Amounts further apart than this are not added digit by digit: the smaller one does not matter.
_MOST_DIGITS = 4000

NameCheck = Callable[[str, str, Errors], None]


def is_native(name: str) -> bool:
    """Whether Kubernetes itself defines the resource (IsNativeResource)."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Whether a vendor defines the resource (IsExtendedResourceName)."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not names.qualified_name(f"requests.{name}")


def may_overcommit(name: str) -> bool:
    """Whether the limit may exceed the request (IsOvercommitAllowed)."""
    return is_native(name) and not name.startswith(_HUGE_PAGES)


def _check_resource_name(name: str, path: str, errors: Errors) -> bool:
    """Check the name of any resource (validateResourceName); True when it is valid."""
    messages = names.qualified_name(name)
    report(errors, path, name, messages)
    if messages:
        return False
    huge = name.startswith((_HUGE_PAGES, "requests.hugepages-"))
    if "/" not in name and name not in _STANDARD_RESOURCES and not huge:
        wrong = "must be a standard resource type or fully qualified"
        errors.append(invalid(path, name, wrong))
        return False
    return True


def _check_container_resource(name: str, path: str, errors: Errors) -> None:
    _check_resource_name(name, path, errors)
    if "/" not in name:
        if name not in _CONTAINER_RESOURCES and not name.startswith(_HUGE_PAGES):
            errors.append(invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        errors.append(invalid(path, name, "doesn't follow extended resource name standard"))


def _check_pod_resource(name: str, path: str, errors: Errors) -> None:
    if not _check_resource_name(name, path, errors):
        return
    if name not in _COMPUTE and not name.startswith(_HUGE_PAGES):
        errors.append(not_supported(path, name, _POD_RESOURCES))


def check_amount(name: str, text: str, path: str, errors: Errors) -> Amount:
    """Check the quantity of a resource (ValidateResourceQuantityValue); return it."""
    amount = quantity.parse(text)
    if amount.sign() < 0:
        wrong = "must be greater than or equal to 0"
        errors.append(invalid(path, amount.canonical(), wrong))
    if (name in _COUNTED or is_extended(name)) and amount.milli_value() % 1000:
        errors.append(invalid(path, amount.canonical(), "must be an integer"))
    return amount


def _check_huge_pages(name: str, amount: Amount, path: str, errors: Errors) -> None:
    if not name.startswith(_HUGE_PAGES) or _is_multiple(amount, name.removeprefix(_HUGE_PAGES)):
        return
    text = amount.canonical()
    wrong = f"{text} is not positive integer multiple of {name}"
    errors.append(invalid(path, text, wrong))


def _is_multiple(amount: Amount, size: str) -> bool:
    try:
        page = quantity.parse(size)
    except quantity.QuantityError:
        return False
    if page.sign() <= 0 or page.milli_value() % 1000:
        return False
    # The size of a page beyond int64 wraps around, to zero at worst.
    return amount.value() % (page.value() or 1) == 0


def check_container_resources(
    resources: ResourceRequirements, claims: Collection[str], path: str, errors: Errors
) -> None:
    """Check one container; `claims` are the pod's (ValidateContainerResourceRequirements)."""
    if resources.limits or resources.requests or resources.claims:
        _check_requirements(resources, claims, _check_container_resource, path, errors)


def check_overhead(overhead: Mapping[str, str], path: str, errors: Errors) -> None:
    """Check what the sandbox uses; it is checked as if it were limits (validateOverhead)."""
    limits = ResourceRequirements(limits=dict(overhead))
    _check_requirements(limits, (), _check_container_resource, path, errors)


def _check_requirements(
    resources: ResourceRequirements,
    claims: Collection[str],
    check_name: NameCheck,
    path: str,
    errors: Errors,
) -> None:
    """Check names, amounts, and requests against limits (validateResourceRequirements)."""
    limits: dict[str, Amount] = {}
    for name, text in resources.limits.items():
        at = f"{path}.limits[{name}]"
        check_name(name, at, errors)
        limits[name] = check_amount(name, text, at, errors)
        _check_huge_pages(name, limits[name], at, errors)
    for name, text in resources.requests.items():
        at = f"{path}.requests[{name}]"
        check_name(name, at, errors)
        amount = check_amount(name, text, at, errors)
        _check_request(name, amount, limits.get(name), path, errors)
        _check_huge_pages(name, amount, at, errors)
    used = {*resources.limits, *resources.requests}
    if not used & _COMPUTE and any(name.startswith(_HUGE_PAGES) for name in used):
        errors.append(forbidden(path, "HugePages require cpu or memory"))
    _check_claims(resources.claims, claims, f"{path}.claims", errors)


def _check_request(
    name: str, amount: Amount, limit: Amount | None, path: str, errors: Errors
) -> None:
    if limit is None:
        if not may_overcommit(name):
            wrong = "Limit must be set for non overcommitable resources"
            errors.append(required(f"{path}.limits", wrong))
        return
    order = amount.compare(limit)
    relation = "equal to" if not may_overcommit(name) else "less than or equal to"
    if order > 0 or (order < 0 and not may_overcommit(name)):
        wrong = f"must be {relation} {name} limit of {limit.canonical()}"
        errors.append(invalid(f"{path}.requests", amount.canonical(), wrong))


def _check_claims(
    claims: tuple[ResourceClaim, ...], known: Collection[str], path: str, errors: Errors
) -> None:
    """Check that each claim is the pod's and referenced once (validateResourceClaimNames)."""
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        at = f"{path}[{index}]"
        if not claim.name:
            errors.append(required(at))
            continue
        if claim.name in seen:
            errors.append(duplicate(at, claim.name))
        else:
            seen.add(_check_claim_request(claim, seen, at, errors))
        if claim.name not in known:
            choice = f": {', '.join(sorted(known))}" if known else " which is empty"
            wrong = f"must be one of the names in pod.spec.resourceClaims{choice}"
            errors.append(not_found(at, claim.name, wrong))


def _check_claim_request(
    claim: ResourceClaim, seen: Collection[str], path: str, errors: Errors
) -> str:
    """Check against the references `seen`; return what is to be remembered of this one."""
    if claim.request:
        messages = names.dns_label(claim.request)
        report(errors, f"{path}.request", claim.request, messages)
        key = f"{claim.name}/{claim.request}"
        if key in seen:
            errors.append(duplicate(path, key))
        return key
    for other in seen:
        name, slash, _ = other.partition("/")
        if slash and name == claim.name:
            errors.append(duplicate(path, claim.name))
    return claim.name


def check_resize_policy(
    policies: tuple[ContainerResizePolicy, ...], restart_policy: str, path: str, errors: Errors
) -> None:
    """Check what a resize does to a container (validateResizePolicy)."""
    seen: set[str] = set()
    for index, policy in enumerate(policies):
        name, restart = policy.resource_name, policy.restart_policy
        if name in seen:
            errors.append(duplicate(f"{path}[{index}]", name))
        seen.add(name)
        for value, supported in ((name, ("cpu", "memory")), (restart, _RESIZE_POLICIES)):
            if not value:
                errors.append(required(path))
            elif value not in supported:
                errors.append(not_supported(path, value, supported))
        if restart_policy == "Never" and restart != "NotRequired":
            wrong = "must be 'NotRequired' when `restartPolicy` is 'Never'"
            errors.append(invalid(path, restart, wrong))


def check_pod_resources(spec: PodSpec, claims: Collection[str], path: str, errors: Errors) -> None:
    """Check resources of the whole pod against those of its containers (validatePodResources)."""
    resources = spec.resources
    if resources is None:
        return
    if spec.os is not None and spec.os.name == "windows":
        errors.append(forbidden(path, "may not be set for a windows pod"))
        return
    if resources.claims:
        wrong = "claims may not be set for Resources at pod-level"
        errors.append(forbidden(f"{path}.claims", wrong))
    _check_requirements(resources, claims, _check_pod_resource, path, errors)
    _check_sums(spec, resources, path, errors)
    for index, container in enumerate(spec.containers):
        for name, text in container.resources.limits.items():
            if name not in resources.limits:
                continue
            limit, most = quantity.parse(text), quantity.parse(resources.limits[name])
            if limit.compare(most) > 0:
                at = f"{path}.containers[{index}][{name}].limits"
                wrong = f"must be less than or equal to pod limits of {most.canonical()}"
                errors.append(invalid(at, limit.canonical(), wrong))


def _check_sums(spec: PodSpec, resources: ResourceRequirements, path: str, errors: Errors) -> None:
    requests = aggregate(spec, lambda container: container.resources.requests)
    limits = aggregate(spec, lambda container: container.resources.limits)
    huge_limits = {name: sum_ for name, sum_ in limits.items() if name.startswith(_HUGE_PAGES)}
    for field, sums, given in (
        ("requests", requests, resources.requests),
        ("limits", huge_limits, resources.limits),
    ):
        for name, total in sums.items():
            own = quantity.parse(given[name]) if name in given else None
            if own is not None and total.compare(own) > 0:
                wrong = (
                    f"must be greater than or equal to aggregate container {field} of "
                    f"{total.canonical()}"
                )
                errors.append(invalid(f"{path}.{field}[{name}]", own.canonical(), wrong))


def aggregate(spec: PodSpec, part: Callable[[Container], Mapping[str, str]]) -> dict[str, Amount]:
    """What all containers need at the worst moment (component-helpers AggregateContainerRequests).

    Init containers run one after the other beside the sidecars that started before them.
    """
    total = _sum(part(container) for container in spec.containers)
    sidecars: dict[str, Amount] = {}
    most_in_init: dict[str, Amount] = {}
    for container in spec.init_containers:
        moment = _add(_sum([part(container)]), sidecars)
        if container.restart_policy == "Always":
            total = _add(total, _sum([part(container)]))
            sidecars = moment
        most_in_init = _maximum(most_in_init, moment)
    return _maximum(total, most_in_init)


def _sum(parts: Iterable[Mapping[str, str]]) -> dict[str, Amount]:
    total: dict[str, Amount] = {}
    for part in parts:
        total = _add(total, {name: quantity.parse(text) for name, text in part.items()})
    return total


def _add(left: Mapping[str, Amount], right: Mapping[str, Amount]) -> dict[str, Amount]:
    total = dict(left)
    for name, amount in right.items():
        total[name] = _plus(total[name], amount) if name in total else amount
    return total


def _plus(left: Amount, right: Amount) -> Amount:
    """Add exactly; the sum is written as the left one is, unless that is zero."""
    if not left.unscaled or not right.unscaled:
        return left if left.unscaled else right
    high, low = (left, right) if left.exponent >= right.exponent else (right, left)
    gap = high.exponent - low.exponent
    if gap > _MOST_DIGITS:
        return high
    unscaled = high.unscaled * 10**gap + low.unscaled
    return Amount(unscaled, low.exponent, left.format, left.is_int64 and right.is_int64)


def _maximum(left: Mapping[str, Amount], right: Mapping[str, Amount]) -> dict[str, Amount]:
    most = dict(left)
    for name, amount in right.items():
        if name not in most or amount.compare(most[name]) > 0:
            most[name] = amount
    return most
