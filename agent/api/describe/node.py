"""What does `kubectl describe node` print? (kubectl/pkg/describe: describeNode)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from agent.api.describe.events import describe_events
from agent.api.describe.layout import (
    NONE,
    UNSET,
    Page,
    stamp,
    write_annotations,
    write_heading,
    write_labels,
    write_resources,
    write_table,
)
from agent.api.tables.node import roles
from agent.manifest.pod_resources import pod_limits, pod_requests, sum_of
from agent.model import duration, quantity
from agent.model.event import Event
from agent.model.lease import Lease
from agent.model.node import Node, NodeStatus, Taint
from agent.model.pod import Pod

_CONDITIONS = (
    "Type",
    "Status",
    "LastHeartbeatTime",
    "LastTransitionTime",
    "Reason",
    "Message",
)
_PODS = (
    *("Namespace", "Name", "", "CPU Requests", "CPU Limits"),
    *("Memory Requests", "Memory Limits", "Age"),
)
#: Resources of every node; what else it has to give follows in order.
_USUAL = ("cpu", "memory", "ephemeral-storage")
_ENDED = ("Succeeded", "Failed")


def describe_node(
    node: Node,
    events: Iterable[Event],
    now: datetime,
    *,
    pods: Iterable[Pod] = (),
    lease: Lease | None = None,
) -> str:
    """A node as text, with the pods on it that have not ended; times in the zone of `now`."""
    page = Page()
    write_heading(page, node.metadata, namespaced=False)
    page.line(0, "Roles:", ",".join(roles(node.metadata.labels)) or NONE)
    write_labels(page, "Labels", node.metadata.labels)
    write_annotations(page, node.metadata.annotations)
    page.line(0, "CreationTimestamp:", stamp(node.metadata.creation_timestamp, now))
    page.lines(0, "Taints", [_taint(taint) for taint in sorted(node.spec.taints, key=_rank)])
    page.line(0, "Unschedulable:", "true" if node.spec.unschedulable else "false")
    _lease(page, node.metadata.name, lease, now)
    _status(page, node.status, now)
    if node.spec.pod_cidr:
        page.line(0, "PodCIDR:", node.spec.pod_cidr)
    if node.spec.pod_cidrs:
        page.line(0, "PodCIDRs:", ",".join(node.spec.pod_cidrs))
    if node.spec.provider_id:
        page.line(0, "ProviderID:", node.spec.provider_id)
    active = [pod for pod in pods if pod.status.phase not in _ENDED]
    available = node.status.allocatable or node.status.capacity
    _pods(page, active, available, now)
    _allocated(page, active, available)
    describe_events(page, events, now)
    return page.text()


def _rank(taint: Taint) -> tuple[str, str]:
    return taint.effect, taint.key


def _taint(taint: Taint) -> str:
    value = f"={taint.value}" if taint.value else ""
    return f"{taint.key}{value}:{taint.effect}"


def _lease(page: Page, name: str, lease: Lease | None, now: datetime) -> None:
    if lease is None:
        missing = f'leases.coordination.k8s.io "{name}" not found'
        page.line(0, "Lease:", f"Failed to get lease: {missing}")
        return
    spec = lease.spec
    acquired, renewed = spec.acquire_time, spec.renew_time
    page.line(0, "Lease:")
    page.line(1, "HolderIdentity:", UNSET if spec.holder_identity is None else spec.holder_identity)
    page.line(1, "AcquireTime:", UNSET if acquired is None else stamp(acquired, now))
    page.line(1, "RenewTime:", UNSET if renewed is None else stamp(renewed, now))


def _status(page: Page, status: NodeStatus, now: datetime) -> None:
    if status.conditions:
        page.line(0, "Conditions:")
        write_table(
            page,
            _CONDITIONS,
            (
                (
                    f"{one.type} ",
                    f"{one.status} ",
                    f"{stamp(one.last_heartbeat_time, now)} ",
                    f"{stamp(one.last_transition_time, now)} ",
                    f"{one.reason} ",
                    one.message,
                )
                for one in status.conditions
            ),
        )
    page.line(0, "Addresses:")
    for address in status.addresses:
        page.line(1, f"{address.type}:", address.address)
    write_resources(page, 0, "Capacity", status.capacity)
    write_resources(page, 0, "Allocatable", status.allocatable)
    info = status.node_info
    page.line(0, "System Info:")
    for name, value in (
        ("Machine ID", info.machine_id),
        ("System UUID", info.system_uuid),
        ("Boot ID", info.boot_id),
        ("Kernel Version", info.kernel_version),
        ("OS Image", info.os_image),
        ("Operating System", info.operating_system),
        ("Architecture", info.architecture),
        ("Container Runtime Version", info.container_runtime_version),
        ("Kubelet Version", info.kubelet_version),
        ("Kube-Proxy Version", info.kube_proxy_version),
    ):
        page.line(1, f"{name}:", value)


def _pods(page: Page, pods: Sequence[Pod], available: Mapping[str, str], now: datetime) -> None:
    page.line(0, "Non-terminated Pods:", f"({len(pods)} in total)")
    rows = []
    for pod in pods:
        requests, limits = pod_requests(pod.spec), pod_limits(pod.spec)
        shares = [
            _share(amounts, name, available)
            for name in ("cpu", "memory")
            for amounts in (requests, limits)
        ]
        age = duration.age(pod.metadata.creation_timestamp, now)
        rows.append((pod.metadata.namespace, pod.metadata.name, "", *shares, age))
    write_table(page, _PODS, rows)


def _allocated(page: Page, pods: Sequence[Pod], available: Mapping[str, str]) -> None:
    requests = sum_of(pod_requests(pod.spec) for pod in pods)
    limits = sum_of(pod_limits(pod.spec) for pod in pods)
    huge = sorted(name for name in available if name.startswith("hugepages-"))
    rows = [
        (name, _share(requests, name, available), _share(limits, name, available))
        for name in (*_USUAL, *huge)
    ]
    rows += [
        (name, requests.get(name, "0"), limits.get(name, "0"))
        for name in sorted(available)
        if name not in (*_USUAL, *huge, "pods")
    ]
    page.line(0, "Allocated resources:")
    page.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)")
    write_table(page, ("Resource", "Requests", "Limits"), rows)


def _share(amounts: Mapping[str, str], name: str, available: Mapping[str, str]) -> str:
    """An amount, and how much it is of what the node has."""
    amount = amounts.get(name, "0")
    whole = quantity.parse(available.get(name, "0")).milli_value()
    percent = quantity.parse(amount).milli_value() * 100 // whole if whole > 0 else 0
    return f"{amount} ({percent}%)"
