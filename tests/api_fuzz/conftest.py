"""An agent with an API, for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.run.conftest import open_place
from tests.support.cluster import Cluster, serving


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """An agent in a process of its own."""
    with open_place() as place, serving(place) as started:
        yield started
