"""Do the ports of a pod's containers overlap in a way that only deserves a warning?"""

from __future__ import annotations

from agent.manifest.validation.visit import containers_with_path
from agent.model import gotext
from agent.model.container import ContainerPort
from agent.model.pod import PodSpec


def port_warnings(spec: PodSpec) -> list[str]:
    """Warnings for ports that repeat, and for names that repeat."""
    ports = [
        (port, f"{path}.ports[{index}]")
        for container, path in containers_with_path(spec)
        for index, port in enumerate(container.ports)
    ]
    return _number_warnings(ports) + _name_warnings(spec)


def _number_warnings(ports: list[tuple[ContainerPort, str]]) -> list[str]:
    found = []
    known: dict[tuple[int, str], list[tuple[ContainerPort, str]]] = {}
    for port, path in ports:
        if port.host_ip and port.host_port == 0:
            shown = (
                f"{{Name:{port.name} HostPort:0 ContainerPort:{port.container_port} "
                f"Protocol:{port.protocol} HostIP:{port.host_ip}}}"
            )
            found.append(f"{path}: hostIP set without hostPort: {shown}")
        others = known.setdefault((port.container_port, port.protocol), [])
        for other, other_path in others:
            relation = _relation(port, other)
            if relation:
                found.append(f"{path}: {relation} port definition with {other_path}")
        others.append((port, path))
    return found


def _relation(port: ContainerPort, other: ContainerPort) -> str:
    """How two definitions of one container port relate; empty when they can live together."""
    if (port.host_ip, port.host_port) == (other.host_ip, other.host_port):
        return "duplicate"
    if port.host_port == 0 or other.host_port == 0:
        return "overlapping"
    if port.host_port == other.host_port and bool(port.host_ip) != bool(other.host_ip):
        return "dangerously ambiguous"
    return ""


def _name_warnings(spec: PodSpec) -> list[str]:
    """Names are looked up in regular containers and sidecars; the first one wins."""
    found = []
    first: dict[str, str] = {}
    for container, path in containers_with_path(spec):
        if "initContainers" in path and container.restart_policy != "Always":
            continue
        for index, port in enumerate(container.ports):
            if not port.name:
                continue
            at = f"{path}.ports[{index}]"
            winner = first.setdefault(port.name, at)
            if winner != at:
                found.append(
                    f"{at}: duplicate port name {gotext.quote(port.name)} with {winner}, services "
                    f"and probes that select ports by name will use {winner}"
                )
    return found
