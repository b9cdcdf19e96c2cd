"""Service: a name and an address for some pods."""

from __future__ import annotations

import msgspec

from agent.model import names
from agent.model.base import Int32, IntOrString, Object, always
from agent.model.meta import Condition, ObjectMeta


class ServicePort(Object):
    """A port of the service, and the port of the pods behind it."""

    name: str = ""
    protocol: names.Protocol = ""
    app_protocol: str | None = None
    port: Int32 = always(factory=int)
    target_port: IntOrString = always(factory=int)
    node_port: Int32 = 0


class ClientIPConfig(Object):
    """How long a client stays with one pod."""

    timeout_seconds: Int32 | None = None


class SessionAffinityConfig(Object):
    """Settings of the session affinity."""

    client_ip: ClientIPConfig | None = msgspec.field(name="clientIP", default=None)


class ServiceSpec(Object):
    """What is wanted of a service."""

    ports: tuple[ServicePort, ...] = ()
    selector: dict[str, str] = {}
    cluster_ip: str = msgspec.field(name="clusterIP", default="")
    cluster_ips: tuple[str, ...] = msgspec.field(name="clusterIPs", default=())
    type: names.ServiceType = ""
    external_ips: tuple[str, ...] = msgspec.field(name="externalIPs", default=())
    session_affinity: names.ServiceAffinity = ""
    load_balancer_ip: str = msgspec.field(name="loadBalancerIP", default="")
    load_balancer_source_ranges: tuple[str, ...] = ()
    external_name: str = ""
    external_traffic_policy: names.ServiceExternalTrafficPolicy = ""
    health_check_node_port: Int32 = 0
    publish_not_ready_addresses: bool = False
    session_affinity_config: SessionAffinityConfig | None = None
    ip_families: tuple[names.IPFamily, ...] = ()
    ip_family_policy: names.IPFamilyPolicy | None = None
    allocate_load_balancer_node_ports: bool | None = None
    load_balancer_class: str | None = None
    internal_traffic_policy: names.ServiceInternalTrafficPolicy | None = None
    traffic_distribution: str | None = None


class PortStatus(Object):
    """A port of a load balancer."""

    port: Int32 = always(factory=int)
    protocol: names.Protocol = always(factory=str)
    error: str | None = None


class LoadBalancerIngress(Object):
    """Where a load balancer takes traffic in."""

    ip: str = ""
    hostname: str = ""
    ip_mode: names.LoadBalancerIPMode | None = None
    ports: tuple[PortStatus, ...] = ()


class LoadBalancerStatus(Object):
    """A load balancer as observed."""

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(Object):
    """A service as observed."""

    load_balancer: LoadBalancerStatus = always(factory=LoadBalancerStatus)
    conditions: tuple[Condition, ...] = ()


class Service(Object):
    """A name and an address for the pods that a selector finds."""

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = always(factory=ObjectMeta)
    spec: ServiceSpec = always(factory=ServiceSpec)
    status: ServiceStatus = always(factory=ServiceStatus)
