"""A store that outlives the agent: everything in memory, and behind it on disk.

Imports sqlite3 and starts a thread; a foreground run does not need it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from agent.host.clock import Clock
from agent.host.tasks import complete
from agent.store.database import Database
from agent.store.memory import MemoryStore
from agent.store.place import Place, StateInUseError, StoreError
from agent.store.writer import Pace, Writer

__all__ = ["Pace", "StateInUseError", "StoreError", "open_store"]

#: Seconds between looks for events that are too old.
_SWEEP_SECONDS = 60.0


@asynccontextmanager
async def open_store(
    state_dir: str, clock: Clock, tell: Callable[[str], None], *, pace: Pace | None = None
) -> AsyncIterator[MemoryStore]:
    """The store of a state directory, ours alone; leaving the context writes what is left.

    Raises StoreError when the agent must not start: another one uses the directory
    (StateInUseError has its pid), or there is a state that cannot be read for now. Everything
    else is told to `tell` and survived: a damaged database is kept under another name, and while
    the disk takes nothing the store goes on in memory (`MemoryStore.trouble`).
    """
    pace = pace or Pace()
    database = Database(Place(state_dir), clock.now, busy_seconds=pace.busy)
    writer = Writer(database, clock, tell, pace)
    expiry: _Expiry | None = None
    try:
        saved = await writer.open()
        store = MemoryStore(journal=writer, saved=saved, monotonic=clock.monotonic)
        writer.start(store.entries)
        expiry = _Expiry(store)
        yield store
    finally:
        if expiry is not None:
            expiry.stop()
        await complete(writer.close())


class _Expiry:
    """Lets old events go also when nothing new comes."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_soon(self._sweep)

    def _sweep(self) -> None:
        self._store.expire()
        self._timer = self._loop.call_later(_SWEEP_SECONDS, self._sweep)

    def stop(self) -> None:
        self._timer.cancel()
