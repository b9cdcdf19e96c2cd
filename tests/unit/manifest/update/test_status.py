"""Updates of the status of a pod."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.updates import pod, texts, update


def ended(code: int) -> dict[str, Any]:
    return {"name": "c", "state": {"terminated": {"exitCode": code}}}


@pytest.mark.parametrize(
    ("policy", "code", "refused"),
    [("Always", 1, False), ("OnFailure", 1, False), ("OnFailure", 0, True), ("Never", 1, True)],
)
@pytest.mark.parametrize("field", ["containerStatuses", "ephemeralContainerStatuses"])
def test_what_has_ended_for_good_does_not_run_again(
    field: str, policy: str, code: int, refused: bool
) -> None:
    old = pod(status={field: [ended(code)]}, restartPolicy=policy)
    new = pod(status={field: [{"name": "c", "state": {"running": {}}}]}, restartPolicy=policy)
    found = texts(update(new, old, "status"))
    wrong = f"status.{field}[0].state: Forbidden: may not be transitioned to non-terminated state"
    assert found == ([wrong] if refused or field.startswith("ephemeral") else [])


def test_a_status_keeps_what_it_does_not_tell() -> None:
    seen = [{"type": "Ready", "status": "True", "observedGeneration": 2}]
    old = pod(status={"conditions": seen, "qosClass": "Burstable", "observedGeneration": 2})
    new = pod(status={"conditions": [{"type": "Ready", "status": "False"}]}, hostname="ignored")
    stored = update(new, old, "status").object
    assert stored.spec == old.spec
    assert (stored.status.qos_class, stored.status.observed_generation) == ("Burstable", 2)
    assert stored.status.conditions[0].observed_generation == 2


@pytest.mark.parametrize(
    ("status", "wrong"),
    [
        ({"hostIPs": [{"ip": "1.2.3.4"}]}, "must be equal to `hostIP`"),
        ({"podIPs": [{"ip": "x"}]}, "status.podIPs[0]: Invalid value"),
        ({"conditions": [{"type": "a b"}]}, "status.conditions[0].Type"),
        ({"nominatedNodeName": "A"}, "status.nominatedNodeName"),
        ({"observedGeneration": -1}, "must be a non-negative integer"),
        (
            {"containerStatuses": [{"name": "c", "user": {"linux": {"uid": -1}}}]},
            "status.containerStatuses[0].user.linux.uid",
        ),
    ],
)
def test_a_status_that_is_not_valid(status: dict[str, Any], wrong: str) -> None:
    found = texts(update(pod(status=status), pod(), "status"))
    assert any(wrong in text for text in found)
