"""What is observed of a pod: container states, conditions, phase."""

from __future__ import annotations

import msgspec

from agent.model import names
from agent.model.base import Int32, Int64, Object, ResourceList, Time, always
from agent.model.container import ResourceRequirements


class ContainerStateWaiting(Object):
    """Not running, and why."""

    reason: str = ""
    message: str = ""


class ContainerStateRunning(Object):
    """Running since `started_at`."""

    started_at: Time | None = always(factory=lambda: None)


class ContainerStateTerminated(Object):
    """How a run of a container ended."""

    exit_code: Int32 = always(factory=int)
    signal: Int32 = 0
    reason: str = ""
    message: str = ""
    started_at: Time | None = always(factory=lambda: None)
    finished_at: Time | None = always(factory=lambda: None)
    container_id: str = msgspec.field(name="containerID", default="")


class ContainerState(Object):
    """Exactly one is set; none means waiting."""

    waiting: ContainerStateWaiting | None = None
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None


class VolumeMountStatus(Object):
    """A mount as it is."""

    name: str = always(factory=str)
    mount_path: str = always(factory=str)
    read_only: bool = False
    recursive_read_only: names.RecursiveReadOnlyMode | None = None


class LinuxContainerUser(Object):
    """The identity of the first process."""

    uid: Int64 = always(factory=int)
    gid: Int64 = always(factory=int)
    supplemental_groups: tuple[Int64, ...] = ()


class ContainerUser(Object):
    """The identity of the first process, by platform."""

    linux: LinuxContainerUser | None = None


class ResourceHealth(Object):
    """Health of one device."""

    resource_id: str = always(factory=str, name="resourceID")
    health: names.ResourceHealthStatus = ""


class ResourceStatus(Object):
    """Health of the devices of one resource."""

    name: names.ResourceName = always(factory=str)
    resources: tuple[ResourceHealth, ...] = ()


class ContainerStatus(Object):
    """One container as observed."""

    name: str = always(factory=str)
    state: ContainerState = always(factory=ContainerState)
    last_state: ContainerState = always(factory=ContainerState)
    ready: bool = always(factory=bool)
    restart_count: Int32 = always(factory=int)
    image: str = always(factory=str)
    image_id: str = always(factory=str, name="imageID")
    container_id: str = msgspec.field(name="containerID", default="")
    started: bool | None = None
    allocated_resources: ResourceList = {}
    resources: ResourceRequirements | None = None
    volume_mounts: tuple[VolumeMountStatus, ...] = ()
    user: ContainerUser | None = None
    allocated_resources_status: tuple[ResourceStatus, ...] = ()
    stop_signal: names.Signal | None = None


class PodCondition(Object):
    """One aspect of a pod that is True, False or Unknown."""

    type: names.PodConditionType = always(factory=str)
    observed_generation: Int64 = 0
    status: names.ConditionStatus = always(factory=str)
    last_probe_time: Time | None = always(factory=lambda: None)
    last_transition_time: Time | None = always(factory=lambda: None)
    reason: str = ""
    message: str = ""


class PodIP(Object):
    """An address of the pod."""

    ip: str = always(factory=str)


class HostIP(Object):
    """An address of the host."""

    ip: str = always(factory=str)


class PodResourceClaimStatus(Object):
    """A claim as it is."""

    name: str = always(factory=str)
    resource_claim_name: str | None = None


class ContainerExtendedResourceRequest(Object):
    """Which request of a claim stands for an extended resource of a container."""

    container_name: str = always(factory=str)
    resource_name: str = always(factory=str)
    request_name: str = always(factory=str)


class PodExtendedResourceClaimStatus(Object):
    """The claim made for extended resources."""

    request_mappings: tuple[ContainerExtendedResourceRequest, ...] = always(factory=tuple)
    resource_claim_name: str = always(factory=str)


class PodStatus(Object):
    """A pod as observed."""

    observed_generation: Int64 = 0
    phase: names.PodPhase = ""
    conditions: tuple[PodCondition, ...] = ()
    message: str = ""
    reason: str = ""
    nominated_node_name: str = ""
    host_ip: str = msgspec.field(name="hostIP", default="")
    host_ips: tuple[HostIP, ...] = msgspec.field(name="hostIPs", default=())
    pod_ip: str = msgspec.field(name="podIP", default="")
    pod_ips: tuple[PodIP, ...] = msgspec.field(name="podIPs", default=())
    start_time: Time | None = None
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    qos_class: names.PodQOSClass = ""
    ephemeral_container_statuses: tuple[ContainerStatus, ...] = ()
    resize: names.PodResizeStatus = ""
    resource_claim_statuses: tuple[PodResourceClaimStatus, ...] = ()
    extended_resource_claim_status: PodExtendedResourceClaimStatus | None = None
