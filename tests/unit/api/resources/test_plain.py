"""Services and leases."""

from __future__ import annotations

import pytest

from tests.support.world import world

pytestmark = pytest.mark.asyncio

SERVICES = "/api/v1/namespaces/default/services"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"


async def test_a_service_is_kept_and_its_author_warned() -> None:
    async with world() as w:
        given = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
        answer = await w.answer("POST", SERVICES, given)
        found = await w.ask("GET", f"{SERVICES}/s")

    assert found["spec"]["type"] == "ClusterIP"
    assert found["spec"]["ports"] == [{"protocol": "TCP", "port": 80, "targetPort": 80}]
    assert "services have no effect" in dict(answer.headers)["Warning"]


async def test_a_lease_is_only_renewed_by_who_has_seen_it() -> None:
    async with world() as w:
        given = {"metadata": {"name": "l"}, "spec": {"renewTime": "2025-06-01T12:00:00.000000Z"}}
        made = await w.ask("POST", LEASES, given)
        blind = await w.ask("PUT", f"{LEASES}/l", given)
        made["spec"]["holderIdentity"] = "me"
        renewed = await w.ask("PUT", f"{LEASES}/l", made)

    assert made["spec"]["renewTime"] == "2025-06-01T12:00:00.000000Z"
    assert (blind["code"], blind["reason"]) == (422, "Invalid")
    assert renewed["spec"]["holderIdentity"] == "me"
