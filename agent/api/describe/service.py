"""What does `kubectl describe service` print? (kubectl/pkg/describe: describeService)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from agent.api.describe.events import describe_events
from agent.api.describe.layout import (
    NONE,
    UNSET,
    Page,
    write_annotations,
    write_heading,
    write_labels,
)
from agent.model.event import Event
from agent.model.service import LoadBalancerIngress, Service, ServicePort, ServiceSpec


def describe_service(service: Service, events: Iterable[Event], now: datetime) -> str:
    """A service as text; nothing here makes endpoints for one."""
    spec = service.spec
    page = Page()
    write_heading(page, service.metadata)
    write_labels(page, "Labels", service.metadata.labels)
    write_annotations(page, service.metadata.annotations)
    selector = ",".join(f"{key}={value}" for key, value in sorted(spec.selector.items()))
    page.line(0, "Selector:", selector or NONE)
    page.line(0, "Type:", spec.type)
    for name, value in _addresses(service):
        page.line(0, f"{name}:", value)
    for port in spec.ports:
        _port(page, port)
    page.line(0, "Session Affinity:", spec.session_affinity)
    for name, text in _traffic(spec):
        page.line(0, f"{name}:", text)
    describe_events(page, events, now)
    return page.text()


def _addresses(service: Service) -> Iterator[tuple[str, str]]:
    spec = service.spec
    if spec.ip_family_policy is not None:
        yield "IP Family Policy", spec.ip_family_policy
    yield "IP Families", ",".join(spec.ip_families) or NONE
    yield "IP", spec.cluster_ip
    yield "IPs", ",".join(spec.cluster_ips) or NONE
    if spec.external_ips:
        yield "External IPs", ",".join(spec.external_ips)
    if spec.load_balancer_ip:
        yield "Desired LoadBalancer IP", spec.load_balancer_ip
    if spec.external_name:
        yield "External Name", spec.external_name
    if service.status.load_balancer.ingress:
        ingress = ", ".join(_ingress(one) for one in service.status.load_balancer.ingress)
        yield "LoadBalancer Ingress", ingress


def _ingress(ingress: LoadBalancerIngress) -> str:
    if not ingress.ip:
        return ingress.hostname
    return f"{ingress.ip} ({ingress.ip_mode})" if ingress.ip_mode else ingress.ip


def _port(page: Page, port: ServicePort) -> None:
    name = port.name or UNSET
    page.line(0, "Port:", name, f"{port.port}/{port.protocol}")
    page.line(0, "TargetPort:", f"{port.target_port}/{port.protocol}")
    if port.node_port:
        page.line(0, "NodePort:", name, f"{port.node_port}/{port.protocol}")
    page.line(0, "Endpoints:", NONE)


def _traffic(spec: ServiceSpec) -> Iterator[tuple[str, object]]:
    if spec.external_traffic_policy:
        yield "External Traffic Policy", spec.external_traffic_policy
    if spec.internal_traffic_policy is not None:
        yield "Internal Traffic Policy", spec.internal_traffic_policy
    if spec.health_check_node_port:
        yield "HealthCheck NodePort", spec.health_check_node_port
    if spec.load_balancer_source_ranges:
        yield "LoadBalancer Source Ranges", ",".join(spec.load_balancer_source_ranges)
