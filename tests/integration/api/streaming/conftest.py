"""A node with a server for clients that stream, for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.streaming import Server, serving


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """In a task of its own: a node must be left in the task in which it was entered."""
    ready: asyncio.Queue[Server] = asyncio.Queue()
    over = asyncio.Event()

    async def serve() -> None:
        async with serving(tmp_path) as found:
            ready.put_nowait(found)
            await over.wait()

    task = asyncio.create_task(serve())
    getting = asyncio.create_task(ready.get())
    await asyncio.wait([task, getting], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        getting.cancel()
        await task
    yield getting.result()
    over.set()
    await task
