"""A node with its API, for the real kubectl."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support import api
from tests.support.api import Server


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """The real thing, in this process."""
    async with api.serving(tmp_path) as started:
        yield started
