"""What is published about a pod?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, RunState, Sandbox
from agent.model.status import HostIP, PodIP, PodStatus
from agent.rules.conditions import all_conditions, end_readiness, update_conditions
from agent.rules.container_status import ContainerStatuses, container_statuses
from agent.rules.messages import limit_messages
from agent.rules.phase import FAILED, TERMINAL, pod_phase
from agent.rules.qos import qos_class
from agent.rules.readiness import ProbeBeliefs, mark_ready_started
from agent.rules.restart import HONOURED
from agent.rules.runs import latest_by_name

if TYPE_CHECKING:
    from agent.rules.deadline import Eviction


class PodFacts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a pod on this host.

    `sandboxes` are newest first. `start_failures` are reason and message of each container's
    last failed start; the owner forgets one when that container starts. `is_terminal`: the pod was
    told to end and nothing of it runs. `eviction`: the agent itself fails the pod.
    """

    runs: Sequence[ContainerRun] = ()
    sandboxes: Sequence[Sandbox] = ()
    start_failures: Mapping[str, tuple[str, str]] = msgspec.field(default_factory=dict)
    beliefs: ProbeBeliefs = msgspec.field(default_factory=ProbeBeliefs)
    host_ips: Sequence[str] = ()
    is_terminal: bool = False
    is_static: bool = False
    eviction: Eviction | None = None


def pod_status(
    pod: Pod,
    facts: PodFacts,
    now: datetime,
    *,
    old: PodStatus | None = None,
    features: Collection[str] = HONOURED,
) -> PodStatus:
    """Return the whole status that the facts amount to.

    `old` is what was published last (default: `pod.status`). The phase may be terminal while
    containers still run: what may be shown of it decides `publishable`.
    Kubernetes: generateAPIPodStatus (kubelet_pods.go), updateStatusInternal (status_manager.go).
    """
    before = pod.status if old is None else old
    converted = container_statuses(pod, facts.runs, before, facts.start_failures, features=features)
    marked = mark_ready_started(pod, converted, facts.beliefs)
    phase, reason, message = _phase_with_reason(pod, marked, facts, before, features)
    conditions = all_conditions(
        pod,
        marked.init + marked.regular,
        phase,
        facts.sandboxes,
        foreign=pod.status.conditions,
    )
    pod_ips = _pod_ips(pod, facts, before)
    status = PodStatus(
        observed_generation=pod.metadata.generation,
        phase=phase,
        conditions=update_conditions(before.conditions, conditions, now),
        message=message,
        reason=reason,
        nominated_node_name=before.nominated_node_name,
        host_ip=facts.host_ips[0] if facts.host_ips else "",
        host_ips=tuple(HostIP(ip=ip) for ip in facts.host_ips),
        pod_ip=pod_ips[0] if pod_ips else "",
        pod_ips=tuple(PodIP(ip=ip) for ip in pod_ips),
        start_time=before.start_time or pod.status.start_time or now.replace(microsecond=0),
        init_container_statuses=marked.init,
        container_statuses=marked.regular,
        qos_class=before.qos_class or qos_class(pod),
        ephemeral_container_statuses=marked.ephemeral,
        resource_claim_statuses=before.resource_claim_statuses,
    )
    return limit_messages(pod, status)


def has_initialized(pod: Pod, runs: Sequence[ContainerRun]) -> bool:
    """Return whether a regular container ever began in the current sandbox.

    Kubernetes: HasAnyActiveRegularContainerStarted (kubelet/container/helpers.go).
    """
    names = {container.name for container in pod.spec.containers}
    return any(run.name in names and run.in_current_sandbox for run in runs)


def publishable(
    old: PodStatus, new: PodStatus, *, could_have_running_containers: bool
) -> PodStatus:
    """Return what may be shown: a pod is over only when nothing of it can run any more.

    Kubernetes: mergePodStatus (status_manager.go).
    """
    if could_have_running_containers and new.phase in TERMINAL and old.phase not in TERMINAL:
        new = msgspec.structs.replace(new, phase=old.phase, reason=old.reason, message=old.message)
    if new.phase not in TERMINAL:
        return new
    return msgspec.structs.replace(new, conditions=end_readiness(new.conditions, new.phase))


def could_have_running_containers(runs: Sequence[ContainerRun]) -> bool:
    """Return whether any run may still be alive."""
    return any(run.state is not RunState.EXITED for run in runs)


def _phase_with_reason(
    pod: Pod,
    statuses: ContainerStatuses,
    facts: PodFacts,
    before: PodStatus,
    features: Collection[str],
) -> tuple[str, str, str]:
    """Terminal phases are sticky; reason and message last as long as the phase does."""
    computed = pod_phase(
        pod,
        statuses.init,
        statuses.regular,
        is_terminal=facts.is_terminal,
        has_initialized=has_initialized(pod, facts.runs),
        is_static=facts.is_static,
        coming_back={name for name, run in latest_by_name(facts.runs).items() if run.comes_back},
        features=features,
    )
    for shown in (pod.status, before):
        if shown.phase in TERMINAL:
            computed = shown.phase
            break
    else:
        if facts.eviction is not None:
            return FAILED, facts.eviction.reason, facts.eviction.message
    if computed != before.phase:
        return computed, "", ""
    return computed, before.reason or pod.status.reason, before.message or pod.status.message


def _pod_ips(pod: Pod, facts: PodFacts, before: PodStatus) -> tuple[str, ...]:
    """A pod keeps its address when it has ended; on the host network it has the host's."""
    newest = facts.sandboxes[0] if facts.sandboxes else None
    if newest is not None and newest.ready and newest.ip:
        return (newest.ip,)
    if facts.is_terminal:
        return tuple(known.ip for known in before.pod_ips)
    if pod.spec.host_network:
        return tuple(facts.host_ips)
    return ()
