"""Where the real agent runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.run.conftest import open_place
from tests.support import service
from tests.support.service import Agent, Lives


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that an ordinary user may use as well, with a manifest directory in it."""
    with open_place() as path:
        service.make_directory(path)
        yield path


@pytest.fixture
def agent(place: Path) -> Iterator[Agent]:
    """An agent that is ready and has no manifests."""
    with service.agent(place) as started:
        yield started


@pytest.fixture
def lives(place: Path) -> Iterator[Lives]:
    """An agent that is ready, and those that come after it."""
    with service.lives(place) as started:
        yield started
