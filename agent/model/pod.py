"""The Pod, and the template in which workload kinds carry one."""

from __future__ import annotations

import msgspec

from agent.model import names
from agent.model.base import Int32, Int64, Object, ResourceList, always
from agent.model.container import Container, EphemeralContainer, ResourceRequirements
from agent.model.meta import LocalObjectReference, ObjectMeta
from agent.model.scheduling import (
    Affinity,
    PodResourceClaim,
    PodSchedulingGate,
    Toleration,
    TopologySpreadConstraint,
)
from agent.model.security import PodSecurityContext
from agent.model.status import PodStatus
from agent.model.volume import Volume


class HostAlias(Object):
    """Names for an address in the pod's hosts file."""

    ip: str = always(factory=str)
    hostnames: tuple[str, ...] = ()


class PodDNSConfigOption(Object):
    """A resolver option."""

    name: str = ""
    value: str | None = None


class PodDNSConfig(Object):
    """Resolver settings."""

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[PodDNSConfigOption, ...] = ()


class PodReadinessGate(Object):
    """A condition that must be True for the pod to be ready."""

    condition_type: names.PodConditionType = always(factory=str)


class PodOS(Object):
    """The operating system of the containers."""

    name: names.OSName = always(factory=str)


class PodSpec(Object):
    """What is to run."""

    volumes: tuple[Volume, ...] = ()
    init_containers: tuple[Container, ...] = ()
    containers: tuple[Container, ...] = always(factory=tuple)
    ephemeral_containers: tuple[EphemeralContainer, ...] = ()
    restart_policy: names.RestartPolicy = ""
    termination_grace_period_seconds: Int64 | None = None
    active_deadline_seconds: Int64 | None = None
    dns_policy: names.DNSPolicy = ""
    node_selector: dict[str, str] = {}
    service_account_name: str = ""
    service_account: str = ""
    automount_service_account_token: bool | None = None
    node_name: str = ""
    host_network: bool = False
    host_pid: bool = msgspec.field(name="hostPID", default=False)
    host_ipc: bool = msgspec.field(name="hostIPC", default=False)
    share_process_namespace: bool | None = None
    security_context: PodSecurityContext | None = None
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    hostname: str = ""
    subdomain: str = ""
    affinity: Affinity | None = None
    scheduler_name: str = ""
    tolerations: tuple[Toleration, ...] = ()
    host_aliases: tuple[HostAlias, ...] = ()
    priority_class_name: str = ""
    priority: Int32 | None = None
    dns_config: PodDNSConfig | None = None
    readiness_gates: tuple[PodReadinessGate, ...] = ()
    runtime_class_name: str | None = None
    enable_service_links: bool | None = None
    preemption_policy: names.PreemptionPolicy | None = None
    overhead: ResourceList = {}
    topology_spread_constraints: tuple[TopologySpreadConstraint, ...] = ()
    set_hostname_as_fqdn: bool | None = msgspec.field(name="setHostnameAsFQDN", default=None)
    os: PodOS | None = None
    host_users: bool | None = None
    scheduling_gates: tuple[PodSchedulingGate, ...] = ()
    resource_claims: tuple[PodResourceClaim, ...] = ()
    resources: ResourceRequirements | None = None
    hostname_override: str | None = None


class Pod(Object):
    """A pod: its metadata, what is wanted, what is observed."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: PodSpec = always(factory=PodSpec)
    status: PodStatus = always(factory=PodStatus)


class PodTemplateSpec(Object):
    """The pod inside a Deployment, StatefulSet, DaemonSet or Job."""

    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: PodSpec = always(factory=PodSpec)
