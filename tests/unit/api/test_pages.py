"""Pages that are about no object."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import CIMultiDict, MultiDict

from agent.api.machinery.errors import APIError
from agent.api.pages import Pages
from tests.support.world import World, world

pytestmark = pytest.mark.asyncio


class _Request:
    def __init__(self, accept: str = "", *query: tuple[str, str]) -> None:
        self.headers = CIMultiDict({"Accept": accept})
        self.query = MultiDict(query)


def _pages(w: World, *troubles: str) -> Pages:
    return Pages(w.catalogue.registry, "0.1.0", lambda: troubles)


@pytest.mark.parametrize("path", ["/version", "/version/"])
async def test_the_version(path: str) -> None:
    async with world() as w:
        found: dict[str, Any] = json.loads(_pages(w).answer("GET", path, _Request()).body)

    assert (found["major"], found["minor"]) == ("1", "32")
    assert found["gitVersion"] == "v1.32.0+barepod.0.1.0"


_FAILED = "[+]ping ok\n[-]manifests failed: no disk\n"


@pytest.mark.parametrize(
    ("path", "query", "ill"),
    [
        ("/readyz", [], (500, f"{_FAILED}readyz check failed\n")),
        ("/healthz/", [], (500, f"{_FAILED}healthz check failed\n")),
        ("/livez", [], (200, "ok")),
        ("/livez", [("verbose", "")], (200, "[+]ping ok\nlivez check passed\n")),
        ("/readyz", [("exclude", "manifests")], (200, "ok")),
        ("/readyz/ping", [], (200, "ok")),
    ],
)
async def test_health(path: str, query: list[tuple[str, str]], ill: tuple[int, str]) -> None:
    async with world() as w:
        well = _pages(w).answer("GET", path, _Request())
        found = _pages(w, "no disk").answer("GET", path, _Request("", *query))

    assert (well.status, well.body) == (200, b"ok")
    assert (found.status, found.body.decode()) == ill


async def test_every_path_of_the_index_is_there() -> None:
    async with world() as w:
        pages = _pages(w)
        paths = json.loads(pages.answer("GET", "/", _Request()).body)["paths"]
        for path in paths:
            assert pages.answer("GET", path, _Request()).status == 200


async def test_an_empty_document_is_enough_for_version_2() -> None:
    async with world() as w:
        answer = _pages(w).answer("GET", "/openapi/v2", _Request())

    assert (answer.status, answer.body) == (200, b"")


async def test_a_document_may_be_kept() -> None:
    async with world() as w:
        pages = _pages(w)
        document = pages.answer("GET", "/openapi/v3/api/v1", _Request())
        index = pages.answer("GET", "/openapi/v3", _Request())

    assert {"ETag", "Cache-Control", "Vary"} == {name for name, _ in document.headers}
    assert index.headers == ()


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "/version", 405),
        ("GET", "/api/v2", 404),
        ("GET", "/apis/apps", 404),
        ("GET", "/openapi/v3/apis/apps/v1", 404),
        ("GET", "/metrics", 404),
        ("GET", "/readyz/etcd", 404),
        ("GET", "/livez/manifests", 404),
        ("GET", "/readyz/ping/more", 404),
        ("POST", "/readyz", 405),
    ],
)
async def test_what_is_not_there(method: str, path: str, code: int) -> None:
    async with world() as w:
        with pytest.raises(APIError) as refused:
            _pages(w).answer(method, path, _Request())

    assert refused.value.status.code == code
