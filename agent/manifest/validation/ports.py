"""Are the ports of the containers valid, and free of conflicts?"""

from __future__ import annotations

from collections.abc import Iterable

from agent.manifest.errors import duplicate, invalid, not_supported, required
from agent.manifest.validation import names
from agent.manifest.validation.options import Errors, report
from agent.model.base import IntOrString
from agent.model.container import Container, ContainerPort

_PROTOCOLS = ("SCTP", "TCP", "UDP")


def check_container_ports(ports: tuple[ContainerPort, ...], path: str, errors: Errors) -> None:
    """Check each port of one container (validateContainerPorts)."""
    seen: set[str] = set()
    for index, port in enumerate(ports):
        at = f"{path}[{index}]"
        if port.name:
            _check_name(port.name, seen, f"{at}.name", errors)
        number = port.container_port
        if number == 0:
            errors.append(required(f"{at}.containerPort"))
        else:
            report(errors, f"{at}.containerPort", number, names.port_number(number))
        if port.host_port:
            report(errors, f"{at}.hostPort", port.host_port, names.port_number(port.host_port))
        if not port.protocol:
            errors.append(required(f"{at}.protocol"))
        elif port.protocol not in _PROTOCOLS:
            errors.append(not_supported(f"{at}.protocol", port.protocol, _PROTOCOLS))


def _check_name(name: str, seen: set[str], path: str, errors: Errors) -> None:
    messages = names.port_name(name)
    report(errors, path, name, messages)
    if messages:
        return
    if name in seen:
        errors.append(duplicate(path, name))
    seen.add(name)


def check_host_port_conflicts(
    containers: Iterable[tuple[int, Container]], path: str, errors: Errors
) -> None:
    """Check that no two of `containers` (with their index) want the same port of the host."""
    taken: set[str] = set()
    for position, container in containers:
        for index, port in enumerate(container.ports):
            if port.host_port == 0:
                continue
            key = f"{port.protocol}/{port.host_ip}/{port.host_port}"
            if key in taken:
                errors.append(duplicate(f"{path}[{position}].ports[{index}].hostPort", key))
            taken.add(key)


def check_host_network_ports(containers: tuple[Container, ...], path: str, errors: Errors) -> None:
    """Check that ports on the host's network are not mapped (validatePodHostNetworkDeps)."""
    for position, container in enumerate(containers):
        for index, port in enumerate(container.ports):
            if port.host_port != port.container_port:
                at = f"{path}[{position}].ports[{index}].hostPort"
                wrong = "must match `containerPort` when `hostNetwork` is true"
                errors.append(invalid(at, port.host_port, wrong))


def check_port_number_or_name(port: IntOrString, path: str, errors: Errors) -> None:
    """Check a port that may name a container port (ValidatePortNumOrName)."""
    messages = names.port_number(port) if isinstance(port, int) else names.port_name(port)
    report(errors, path, port, messages)
