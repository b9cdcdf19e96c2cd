"""What a method means at an address."""

from __future__ import annotations

import pytest

from agent.api.machinery.call import Query
from agent.api.machinery.errors import APIError
from agent.api.machinery.verbs import verb_of
from tests.support.world import world

pytestmark = pytest.mark.asyncio

ALL, SOME = "/api/v1/pods", "/api/v1/namespaces/a/pods"
ONE, BELOW = f"{SOME}/p", f"{SOME}/p/eviction"


@pytest.mark.parametrize(
    ("method", "path", "query", "verb"),
    [
        ("GET", ALL, {}, "list"),
        ("GET", ALL, {"watch": "True"}, "watch"),
        ("GET", ALL, {"watch": "false"}, "list"),
        ("GET", ONE, {}, "get"),
        ("GET", ONE, {"watch": "1"}, "watch"),
        ("POST", SOME, {}, "create"),
        ("POST", BELOW, {}, "create"),
        ("PUT", ONE, {}, "update"),
        ("PATCH", ONE, {}, "patch"),
        ("DELETE", ONE, {}, "delete"),
        ("DELETE", SOME, {}, "deletecollection"),
    ],
)
async def test_a_method(method: str, path: str, query: dict[str, str], verb: str) -> None:
    async with world() as w:
        address = w.catalogue.registry.address(path)
        assert address is not None
        assert verb_of(method, address, Query(query)) == verb


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ALL),
        ("DELETE", ALL),
        ("POST", ONE),
        ("PUT", SOME),
        ("PATCH", SOME),
        ("HEAD", ONE),
        ("TRACE", ONE),
    ],
)
async def test_a_method_that_there_is_not(method: str, path: str) -> None:
    async with world() as w:
        address = w.catalogue.registry.address(path)
        assert address is not None
        with pytest.raises(APIError) as refused:
            verb_of(method, address, Query({}))

    assert refused.value.status.code == 405
