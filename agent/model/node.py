"""The Node: the one machine that barepod runs on."""

from __future__ import annotations

import msgspec

from agent.model import names
from agent.model.base import Int32, Int64, Object, ResourceList, Time, always
from agent.model.meta import ObjectMeta


class Taint(Object):
    """What keeps pods without a toleration away."""

    key: str = always(factory=str)
    value: str = ""
    effect: names.TaintEffect = always(factory=str)
    time_added: Time | None = None


class ConfigMapNodeConfigSource(Object):
    """A kubelet configuration in a ConfigMap."""

    namespace: str = always(factory=str)
    name: str = always(factory=str)
    uid: names.UID = ""
    resource_version: str = ""
    kubelet_config_key: str = always(factory=str)


class NodeConfigSource(Object):
    """Where the kubelet configuration comes from; long deprecated."""

    config_map: ConfigMapNodeConfigSource | None = None


class NodeSpec(Object):
    """What is wanted of a node."""

    pod_cidr: str = msgspec.field(name="podCIDR", default="")
    pod_cidrs: tuple[str, ...] = msgspec.field(name="podCIDRs", default=())
    provider_id: str = msgspec.field(name="providerID", default="")
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()
    config_source: NodeConfigSource | None = None
    external_id: str = msgspec.field(name="externalID", default="")


class NodeCondition(Object):
    """One aspect of a node that is True, False or Unknown."""

    type: names.NodeConditionType = always(factory=str)
    status: names.ConditionStatus = always(factory=str)
    last_heartbeat_time: Time | None = always(factory=lambda: None)
    last_transition_time: Time | None = always(factory=lambda: None)
    reason: str = ""
    message: str = ""


class NodeAddress(Object):
    """An address or name of a node."""

    type: names.NodeAddressType = always(factory=str)
    address: str = always(factory=str)


class DaemonEndpoint(Object):
    """The port of a daemon."""

    port: Int32 = always(factory=int, name="Port")


class NodeDaemonEndpoints(Object):
    """Ports of the daemons of a node."""

    kubelet_endpoint: DaemonEndpoint = always(factory=DaemonEndpoint)


class NodeSwapStatus(Object):
    """Swap of a node."""

    capacity: Int64 | None = None


class NodeSystemInfo(Object):
    """Machine and software of a node."""

    machine_id: str = always(factory=str, name="machineID")
    system_uuid: str = always(factory=str, name="systemUUID")
    boot_id: str = always(factory=str, name="bootID")
    kernel_version: str = always(factory=str)
    os_image: str = always(factory=str)
    container_runtime_version: str = always(factory=str)
    kubelet_version: str = always(factory=str)
    kube_proxy_version: str = always(factory=str)
    operating_system: str = always(factory=str)
    architecture: str = always(factory=str)
    swap: NodeSwapStatus | None = None


class ContainerImage(Object):
    """An image on a node."""

    names: tuple[str, ...] = always(factory=tuple)
    size_bytes: Int64 = 0


class AttachedVolume(Object):
    """A volume attached to a node."""

    name: names.UniqueVolumeName = always(factory=str)
    device_path: str = always(factory=str)


class NodeConfigStatus(Object):
    """State of the kubelet configuration; long deprecated."""

    assigned: NodeConfigSource | None = None
    active: NodeConfigSource | None = None
    last_known_good: NodeConfigSource | None = None
    error: str = ""


class NodeRuntimeHandlerFeatures(Object):
    """What a runtime handler can do."""

    recursive_read_only_mounts: bool | None = None
    user_namespaces: bool | None = None


class NodeRuntimeHandler(Object):
    """A runtime handler of a node."""

    name: str = always(factory=str)
    features: NodeRuntimeHandlerFeatures | None = None


class NodeFeatures(Object):
    """What the runtime of a node can do."""

    supplemental_groups_policy: bool | None = None


class NodeStatus(Object):
    """A node as observed."""

    capacity: ResourceList = {}
    allocatable: ResourceList = {}
    phase: names.NodePhase = ""
    conditions: tuple[NodeCondition, ...] = ()
    addresses: tuple[NodeAddress, ...] = ()
    daemon_endpoints: NodeDaemonEndpoints = always(factory=NodeDaemonEndpoints)
    node_info: NodeSystemInfo = always(factory=NodeSystemInfo)
    images: tuple[ContainerImage, ...] = ()
    volumes_in_use: tuple[names.UniqueVolumeName, ...] = ()
    volumes_attached: tuple[AttachedVolume, ...] = ()
    config: NodeConfigStatus | None = None
    runtime_handlers: tuple[NodeRuntimeHandler, ...] = ()
    features: NodeFeatures | None = None


class Node(Object):
    """A machine that runs pods."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: NodeSpec = always(factory=NodeSpec)
    status: NodeStatus = always(factory=NodeStatus)
