"""Quality of service: amounts beyond reason."""

from __future__ import annotations

import pytest

from agent.rules.qos import qos_class
from tests.support.lifecycle import pod


@pytest.mark.parametrize("amount", ["1e2000000000", "1n", "0.000000000001", "9999999999999999E"])
def test_extreme_amounts_are_amounts(amount: str) -> None:
    both = {"cpu": amount, "memory": amount}

    one = pod([{"name": "web", "resources": {"requests": both, "limits": both}}])

    assert qos_class(one) == "Guaranteed"


def test_negative_amounts_are_nothing() -> None:
    one = pod([{"name": "web", "resources": {"limits": {"cpu": "-1", "memory": "-1Gi"}}}])

    assert qos_class(one) == "BestEffort"
