"""Ports of handlers become numbers as in Kubernetes."""

from __future__ import annotations

from typing import Any

import pytest

from agent.action.ports import PortError, resolve_port
from agent.model.container import ContainerPort
from tests.support import tables

PORTS = (
    ContainerPort(name="foo", container_port=8080),
    ContainerPort(name="bar", container_port=9000),
    ContainerPort(name="9100", container_port=9200),
)


@tables.rows("named_ports")
def test_a_port_means(row: dict[str, Any]) -> None:
    if "error" not in row:
        assert resolve_port(row["port"], PORTS) == row["number"]
        return

    with pytest.raises(PortError) as caught:
        resolve_port(row["port"], PORTS)

    assert str(caught.value) == row["error"]
