"""Which variables announce services to a container? (kubelet: pkg/kubelet/envvars)"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class ServicePort(msgspec.Struct, frozen=True, kw_only=True):
    """One port of a service."""

    port: int
    name: str = ""
    protocol: str = "TCP"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What the variables need to know of a service."""

    name: str
    namespace: str
    cluster_ip: str
    ports: tuple[ServicePort, ...]


def service_environment(
    services: Iterable[Service], namespace: str, *, enable_service_links: bool
) -> dict[str, str]:
    """The variables for a pod of that namespace; `default/kubernetes` is always announced."""
    announced: dict[str, Service] = {}
    for service in services:
        if service.cluster_ip in ("", "None"):
            continue
        if (service.namespace, service.name) == ("default", "kubernetes"):
            announced.setdefault(service.name, service)
        elif service.namespace == namespace and enable_service_links:
            announced[service.name] = service
    result: dict[str, str] = {}
    for service in announced.values():
        result |= _variables(service)
    return result


def _variables(service: Service) -> dict[str, str]:
    prefix, address = _variable_name(service.name), service.cluster_ip
    host = f"[{address}]" if ":" in address else address
    first = service.ports[0]
    result = {
        f"{prefix}_SERVICE_HOST": address,
        f"{prefix}_SERVICE_PORT": str(first.port),
        f"{prefix}_PORT": f"{first.protocol.lower()}://{host}:{first.port}",
    }
    for port in service.ports:
        protocol = port.protocol.lower()
        if port.name:
            result[f"{prefix}_SERVICE_PORT_{_variable_name(port.name)}"] = str(port.port)
        link = f"{prefix}_PORT_{port.port}_{port.protocol.upper()}"
        result[link] = f"{protocol}://{host}:{port.port}"
        result[f"{link}_PROTO"] = protocol
        result[f"{link}_PORT"] = str(port.port)
        result[f"{link}_ADDR"] = address
    return result


def _variable_name(name: str) -> str:
    return name.replace("-", "_").upper()
