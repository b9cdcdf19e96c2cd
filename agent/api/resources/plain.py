"""Kinds that are kept and mean nothing to a bare host, and what their authors are told."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from agent.api.machinery.strategy import Strategy
from agent.model.service import Service, ServicePort, ServiceSpec

SERVICE_WARNING = (
    "services have no effect on a bare host: every pod is on the host's own network; "
    "reach it at its container ports"
)


class LeaseStrategy(Strategy):
    """Who updates a lease must know its version: that is what it is for."""

    allows_any_version = False


class ServiceStrategy(Strategy):
    """A service gets neither an address nor a route."""

    def complete(self, obj: Any) -> Any:
        """Defaults of Kubernetes (SetDefaults_Service), but for addresses."""
        service: Service = obj
        spec: ServiceSpec = service.spec
        ports = tuple(map(_completed, spec.ports))
        return replace(
            service,
            spec=replace(
                spec,
                type=spec.type or "ClusterIP",
                session_affinity=spec.session_affinity or "None",
                ports=ports,
            ),
        )

    def prepare(self, obj: Any) -> tuple[Any, tuple[str, ...]]:
        return replace(obj, status=type(obj.status)()), (SERVICE_WARNING,)


def _completed(port: ServicePort) -> ServicePort:
    target = port.target_port if port.target_port not in (0, "") else port.port
    return replace(port, protocol=port.protocol or "TCP", target_port=target)
