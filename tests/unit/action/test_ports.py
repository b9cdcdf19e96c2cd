"""Numbers are ports in their range only; names are a conformance table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.action.ports import PortError, resolve_port
from agent.model.container import ContainerPort


@given(st.integers())
def test_a_number_means_itself_or_nothing(number: int) -> None:
    if 0 < number < 65536:
        assert resolve_port(number, ()) == resolve_port(str(number), ()) == number
        return

    with pytest.raises(PortError):
        resolve_port(number, ())


def test_a_named_port_must_be_one_too() -> None:
    with pytest.raises(PortError, match="invalid port number: 0"):
        resolve_port("web", (ContainerPort(name="web", container_port=0),))
