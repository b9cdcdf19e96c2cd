"""What does `kubectl get services` print? (printers.go: printService)"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from agent.api.tables.column import AGE, NAME, NONE, UNKNOWN, Cells, age, selector, text, wide
from agent.model.service import Service, ServicePort

COLUMNS: Final = (
    NAME,
    text("Type", "How the service is reached."),
    text("Cluster-IP", "Address of the service inside the cluster."),
    text("External-IP", "Addresses, or the name, by which it is reached from outside."),
    text("Port(s)", "Ports, each with the port of the node if it has one."),
    AGE,
    wide("Selector", "Labels of the pods behind the service."),
)


def cells(service: Service, now: datetime) -> Cells:
    """The row of a service."""
    spec = service.spec
    return (
        service.metadata.name,
        spec.type,
        next(iter(spec.cluster_ips), spec.cluster_ip) or NONE,
        _external(service),
        ",".join(_port(port) for port in spec.ports) or NONE,
        age(service, now),
        selector(spec.selector),
    )


def _external(service: Service) -> str:
    """Addresses from outside, by the type of the service (getServiceExternalIP)."""
    addresses = service.spec.external_ips
    match service.spec.type:
        case "ClusterIP" | "NodePort":
            return ",".join(addresses) or NONE
        case "LoadBalancer":
            return ",".join((*_balancers(service), *addresses)) or "<pending>"
        case "ExternalName":
            return service.spec.external_name
        case _:
            return UNKNOWN


def _balancers(service: Service) -> list[str]:
    ingress = service.status.load_balancer.ingress
    return sorted({one.ip or one.hostname for one in ingress} - {""})


def _port(port: ServicePort) -> str:
    node = f":{port.node_port}" if port.node_port > 0 else ""
    return f"{port.port}{node}/{port.protocol}"
