"""Agents with an API, for the real kubectl."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.run.conftest import open_place
from tests.support import api
from tests.support.api import Server
from tests.support.cluster import Cluster, Space, serving

_numbers = count(1)


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """The real thing, in this process."""
    async with api.serving(tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """An agent in a process of its own, for all tests of a module."""
    with open_place() as place, serving(place) as started:
        yield started


@pytest.fixture
def space(cluster: Cluster) -> Iterator[Space]:
    """A namespace of its own; it ends in its own time."""
    made = cluster.space(f"test-{next(_numbers)}")
    yield made
    cluster.kubectl("delete", "namespace", made.name, "--wait=false")
