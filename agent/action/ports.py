"""Which number does the port of a handler mean?"""

from __future__ import annotations

from collections.abc import Iterable

from agent.model.base import IntOrString
from agent.model.container import ContainerPort

_INT64 = range(-(2**63), 2**63)


class PortError(ValueError):
    """The port means nothing; the text is the one Kubernetes gives."""


def resolve_port(port: IntOrString, ports: Iterable[ContainerPort]) -> int:
    """Return the port number, 1 to 65535 (Kubernetes: pkg/probe ResolveContainerPort).

    Text is first the name of one of the container's `ports`, then a number written as text.
    Raises PortError for an unknown name and for numbers out of range.
    """
    number = _named(port, ports) if isinstance(port, str) else port
    if not 0 < number < 65536:
        raise PortError(f"invalid port number: {number}")
    return number


def _named(name: str, ports: Iterable[ContainerPort]) -> int:
    for port in ports:
        if port.name == name:
            return port.container_port
    return _atoi(name)


def _atoi(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise PortError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    number = int(text)
    if number not in _INT64:
        raise PortError(f'strconv.Atoi: parsing "{text}": value out of range')
    return number
