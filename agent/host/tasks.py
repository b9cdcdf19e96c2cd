"""What outlasts the one who waits for it: cleanup that he cancelled, a thread whose loop ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


async def complete(cleanup: Coroutine[Any, Any, None]) -> None:
    """Run `cleanup` to its end even if we are cancelled meanwhile, then pass the cancel on."""
    task = asyncio.create_task(cleanup)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as exc:
            if task.cancelled():
                raise
            cancelled = exc
    task.result()
    if cancelled is not None:
        raise cancelled


def tell(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> None:
    """Have the loop call `what`, from another thread: it may be held up until the loop is gone."""
    try:
        loop.call_soon_threadsafe(what)
    except RuntimeError:
        if not loop.is_closed():
            raise
