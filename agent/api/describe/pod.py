"""What does `kubectl describe pod` print? (kubectl/pkg/describe: describePod)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from agent.api.describe.container import describe_containers
from agent.api.describe.events import describe_events
from agent.api.describe.layout import (
    NONE,
    Page,
    stamp,
    write_annotations,
    write_heading,
    write_labels,
)
from agent.api.describe.volume import describe_volumes
from agent.model import duration
from agent.model.event import Event
from agent.model.meta import LabelSelector, LabelSelectorRequirement
from agent.model.pod import Pod
from agent.model.scheduling import Toleration, TopologySpreadConstraint
from agent.rules.qos import qos_class


def describe_pod(pod: Pod, events: Iterable[Event], now: datetime) -> str:
    """A pod and its events as text; times in the zone of `now`."""
    page = Page()
    write_heading(page, pod.metadata)
    _placement(page, pod, now)
    write_labels(page, "Labels", pod.metadata.labels)
    write_annotations(page, pod.metadata.annotations)
    _status(page, pod, now)
    _addresses(page, pod)
    _all_containers(page, pod, now)
    _conditions(page, pod)
    describe_volumes(page, pod.spec.volumes)
    page.line(0, "QoS Class:", pod.status.qos_class or qos_class(pod))
    write_labels(page, "Node-Selectors", pod.spec.node_selector)
    ordered = sorted(pod.spec.tolerations, key=lambda toleration: toleration.key)
    page.lines(0, "Tolerations", [_toleration(one) for one in ordered])
    _spread(page, pod.spec.topology_spread_constraints)
    describe_events(page, events, now)
    return page.text()


def _placement(page: Page, pod: Pod, now: datetime) -> None:
    spec = pod.spec
    if spec.priority is not None:
        page.line(0, "Priority:", spec.priority)
    if spec.priority_class_name:
        page.line(0, "Priority Class Name:", spec.priority_class_name)
    if spec.runtime_class_name:
        page.line(0, "Runtime Class Name:", spec.runtime_class_name)
    if spec.service_account_name:
        page.line(0, "Service Account:", spec.service_account_name)
    node = f"{spec.node_name}/{pod.status.host_ip}" if spec.node_name else NONE
    page.line(0, "Node:", node)
    if pod.status.start_time is not None:
        page.line(0, "Start Time:", stamp(pod.status.start_time, now))


def _status(page: Page, pod: Pod, now: datetime) -> None:
    deleted = pod.metadata.deletion_timestamp
    if deleted is not None and pod.status.phase not in ("Succeeded", "Failed"):
        page.line(0, "Status:", f"Terminating (lasts {duration.age(deleted, now)})")
        grace = pod.metadata.deletion_grace_period_seconds or 0
        page.line(0, "Termination Grace Period:", f"{grace}s")
    else:
        page.line(0, "Status:", pod.status.phase)
    if pod.status.reason:
        page.line(0, "Reason:", pod.status.reason)
    if pod.status.message:
        page.line(0, "Message:", pod.status.message)
    context = pod.spec.security_context
    profile = None if context is None else context.seccomp_profile
    if profile is not None:
        page.line(0, "SeccompProfile:", profile.type)
        if profile.type == "Localhost":
            page.line(0, "LocalhostProfile:", profile.localhost_profile or "")


def _addresses(page: Page, pod: Pod) -> None:
    page.line(0, "IP:", pod.status.pod_ip)
    if pod.status.pod_ips:
        page.line(0, "IPs:")
    else:
        page.line(0, "IPs:", NONE)
    for address in pod.status.pod_ips:
        page.line(1, "IP:", address.ip)
    for owner in pod.metadata.owner_references:
        if owner.controller:
            page.line(0, "Controlled By:", f"{owner.kind}/{owner.name}")
            break
    if pod.status.nominated_node_name:
        page.line(0, "NominatedNodeName:", pod.status.nominated_node_name)


def _all_containers(page: Page, pod: Pod, now: datetime) -> None:
    spec, status = pod.spec, pod.status
    if spec.init_containers:
        of_init = status.init_container_statuses
        describe_containers(page, "Init Containers", pod, spec.init_containers, of_init, now)
    describe_containers(page, "Containers", pod, spec.containers, status.container_statuses, now)
    if spec.ephemeral_containers:
        ephemeral = status.ephemeral_container_statuses
        describe_containers(
            page, "Ephemeral Containers", pod, spec.ephemeral_containers, ephemeral, now
        )


def _conditions(page: Page, pod: Pod) -> None:
    known: dict[str, str] = {}
    for condition in pod.status.conditions:
        known.setdefault(condition.type, condition.status)
    if pod.spec.readiness_gates:
        page.line(0, "Readiness Gates:")
        page.line(1, "Type", "Status")
    for gate in pod.spec.readiness_gates:
        page.line(1, f"{gate.condition_type} ", f"{known.get(gate.condition_type, NONE)} ")
    if pod.status.conditions:
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status")
    for condition in pod.status.conditions:
        page.line(1, f"{condition.type} ", f"{condition.status} ")


def _toleration(toleration: Toleration) -> str:
    """`key=value:effect op=Exists for 300s`, without what is not set."""
    text = toleration.key
    if toleration.value:
        text += f"={toleration.value}"
    if toleration.effect:
        text += f":{toleration.effect}"
    words = [text] if text else []
    if toleration.operator == "Exists" and not toleration.value:
        words.append("op=Exists")
    if toleration.toleration_seconds is not None:
        words.append(f"for {toleration.toleration_seconds}s")
    return " ".join(words)


def _spread(page: Page, constraints: Sequence[TopologySpreadConstraint]) -> None:
    texts = []
    for one in sorted(constraints, key=lambda constraint: constraint.topology_key):
        text = (
            f"{one.topology_key}:{one.when_unsatisfiable} when max skew {one.max_skew} is exceeded"
        )
        if one.label_selector is not None:
            text += f" for selector {_selector(one.label_selector)}"
        texts.append(text)
    if texts:
        page.lines(0, "Topology Spread Constraints", texts)


def _selector(selector: LabelSelector) -> str:
    """A label selector in one line (meta/v1: FormatLabelSelector)."""
    terms = [(key, f"{key}={value}") for key, value in selector.match_labels.items()]
    terms += [(one.key, _requirement(one)) for one in selector.match_expressions]
    return ",".join(text for _, text in sorted(terms)) or NONE


def _requirement(one: LabelSelectorRequirement) -> str:
    values = f"({','.join(sorted(one.values))})"
    return {
        "In": f"{one.key} in {values}",
        "NotIn": f"{one.key} notin {values}",
        "DoesNotExist": f"!{one.key}",
    }.get(one.operator, one.key)
