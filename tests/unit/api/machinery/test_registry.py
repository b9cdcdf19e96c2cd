"""What a path means."""

from __future__ import annotations

import pytest

from tests.support.world import world

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize(
    ("path", "meaning"),
    [
        ("/api/v1/pods", ("pods", "", "", "")),
        ("/api/v1/pods/", ("pods", "", "", "")),
        ("/api/v1/namespaces/a/pods", ("pods", "a", "", "")),
        ("/api/v1/namespaces/a/pods/p", ("pods", "a", "p", "")),
        ("/api/v1/namespaces/a/pods/p/log", ("pods", "a", "p", "log")),
        ("/api/v1/namespaces", ("namespaces", "", "", "")),
        ("/api/v1/namespaces/a", ("namespaces", "", "a", "")),
        ("/api/v1/namespaces/a/status", ("namespaces", "", "a", "status")),
        ("/api/v1/nodes/n", ("nodes", "", "n", "")),
        ("/apis/coordination.k8s.io/v1/namespaces/a/leases/l", ("leases", "a", "l", "")),
    ],
)
async def test_a_path(path: str, meaning: tuple[str, ...]) -> None:
    async with world() as w:
        found = w.catalogue.registry.address(path)

    assert found is not None
    assert (found.resource.plural, found.namespace, found.name, found.subresource) == meaning


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1",
        "/api/v2/pods",
        "/api/v1/deployments",
        "/api/v1/pods/p",
        "/api/v1/namespaces/a/nodes",
        "/api/v1/namespaces/a/pods/p/proxy",
        "/api/v1/namespaces/a/pods/p/log/more",
        "/api/v1/namespaces/a//p",
        "/apis//v1/pods",
        "/apis/apps/v1/deployments",
    ],
)
async def test_no_path(path: str) -> None:
    async with world() as w:
        assert w.catalogue.registry.address(path) is None
