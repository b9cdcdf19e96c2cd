"""An API for the client commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support import api
from tests.support.client import Client


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """Commands that find a server, which has nothing yet."""
    async with api.serving(tmp_path) as started:
        made = Client(started)
        try:
            yield made
        finally:
            await made.close()
