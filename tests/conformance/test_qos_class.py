"""Pods get the quality-of-service class that Kubernetes gives them."""

from __future__ import annotations

from typing import Any

from agent.rules.qos import qos_class
from tests.support import tables
from tests.support.lifecycle import pod


@tables.rows("qos_class")
def test_the_class_of_a_pod(row: dict[str, Any]) -> None:
    spec = {"resources": resources(row["pod"])} if "pod" in row else {}
    one = pod(
        [{"name": f"c{at}", "resources": resources(it)} for at, it in enumerate(row["containers"])],
        init=[
            {"name": f"i{at}", "resources": resources(it)}
            for at, it in enumerate(row.get("init", ()))
        ],
        **spec,
    )

    assert qos_class(one) == row["class"]


def resources(given: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    requests, limits = ({name: str(amount) for name, amount in it.items()} for it in given)
    return {"requests": requests, "limits": limits}
