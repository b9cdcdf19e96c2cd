"""The thread that waits for the disk, so that nobody else has to.

What comes in while a transaction is under way makes the next one (group commit). When nothing can
be written, the latest of each entry is kept until it can.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable

import msgspec

from agent.host.clock import Clock
from agent.host.tasks import tell
from agent.store import kinds
from agent.store.database import BUSY_SECONDS, Database, LostError, UnavailableError
from agent.store.interface import Entry, Saved
from agent.store.rows import Found, Key, Written

#: Seconds that a write may wait for others, unless somebody waits for it.
LINGER = 0.02
#: Seconds between attempts while nothing can be written: the first and the longest pause.
RETRY = (0.5, 10.0)


class Pace(msgspec.Struct, frozen=True):
    """How long the writer waits for company, for a locked database, and after failures; seconds."""

    linger: float = LINGER
    busy: float = BUSY_SECONDS
    first_retry: float = RETRY[0]
    last_retry: float = RETRY[1]


class Writer:
    """A journal on disk; made and used in the event loop, but for what `_run` calls."""

    def __init__(
        self, database: Database, clock: Clock, tell: Callable[[str], None], pace: Pace
    ) -> None:
        """`tell` hears, in the loop, what an operator must know."""
        self._database = database
        self._clock = clock
        self._tell = tell
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[Found] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._waiting: list[tuple[int, asyncio.Future[bool]]] = []
        self._trouble = ""
        self._committed = 0
        self._everything: Callable[[], Iterable[Entry]] | None = None
        # Shared with the thread, under `_changed`:
        self._changed = threading.Condition()
        self._pending: dict[Key, Written] = {}
        self._newest = 0
        self._is_urgent = False
        self._is_closing = False
        self._is_idle = False
        self._is_complete = True
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)

    # In the event loop

    async def open(self) -> Saved:
        """Start the thread; what an earlier process left. Raises StoreError."""
        self._thread.start()
        found = await self._opened
        self._newest = self._committed = found.version
        now = self._clock.now().timestamp()
        return Saved(
            tuple((entry, max(now - at, 0.0)) for entry, at in found.written), found.version
        )

    def start(self, everything: Callable[[], Iterable[Entry]]) -> None:
        """From now on `everything` tells all there is, should the database have to be made anew."""
        self._everything = everything
        if not self._is_complete:
            self._note_everything()

    @property
    def trouble(self) -> str:
        return self._trouble

    def note(self, entry: Entry) -> None:
        if not kinds.is_known(entry.kind):
            raise LookupError(f"kind {entry.kind} is not registered in agent.store.kinds")
        if self._is_closing:
            raise RuntimeError(f"{'/'.join(entry.key)} was written to a store that is closed")
        written = entry, self._clock.now().timestamp()
        with self._changed:
            self._pending[entry.key] = written
            self._newest = entry.version
            self._is_urgent |= entry.kind in kinds.URGENT
            if self._is_idle or self._is_urgent:
                self._changed.notify()

    async def durable(self, version: int) -> bool:
        if version <= self._committed:
            return True
        if self._trouble or self._is_closing:
            return False
        waiter: asyncio.Future[bool] = self._loop.create_future()
        self._waiting.append((version, waiter))
        with self._changed:
            self._newest = max(self._newest, version)
            self._is_urgent = True
            self._changed.notify()
        return await waiter

    async def close(self) -> None:
        """Write what is left, if that is possible, and end the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread.ident is not None:
            await asyncio.shield(self._ended)
            self._thread.join()
        self._settle(self._committed, failed=True)

    def _settle(self, committed: int, *, failed: bool = False) -> None:
        """Answer those who wait for versions up to `committed`; all of them after a failure."""
        self._committed = max(self._committed, committed)
        waiting, self._waiting = self._waiting, []
        for version, waiter in waiting:
            if waiter.done():
                continue
            if version <= self._committed or failed:
                waiter.set_result(version <= self._committed)
            else:
                self._waiting.append((version, waiter))

    def _wrote(self, committed: int, notes: list[str]) -> None:
        if self._trouble:
            self._trouble = ""
            notes = [*notes, f"the state is written to {self._database.path} again"]
        self._say(notes)
        self._settle(committed)

    def _failed(self, reason: str, notes: list[str]) -> None:
        if not self._trouble:
            text = f"cannot write the state to {self._database.path} ({reason})"
            notes = [*notes, f"{text}: going on in memory until that is possible again"]
        self._trouble = reason
        self._say(notes)
        self._settle(0, failed=True)

    def _say(self, notes: list[str]) -> None:
        for note in notes:
            self._tell(note)

    def _note_everything(self) -> None:
        """What was on disk is gone: all there is has to be written once more."""
        if self._everything is None:
            return  # `start` will do it
        now = self._clock.now().timestamp()
        with self._changed:
            for entry in self._everything():
                self._pending.setdefault(entry.key, (entry, now))
            self._is_complete = True
            self._changed.notify()

    def _began(self, found: Found, trouble: str, notes: list[str]) -> None:
        if not self._opened.done():
            self._opened.set_result(found)
        if trouble:
            self._failed(trouble, notes)
        else:
            self._say(notes)

    def _broke(self, exc: Exception) -> None:
        if self._opened.done():
            self._failed(repr(exc), [])
        else:
            self._opened.set_exception(exc)

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    # In the thread

    def _run(self) -> None:
        try:
            try:
                found, trouble = self._database.open()
                self._call(self._began, found, trouble, self._take_notes())
                self._work(self._pace.first_retry if trouble else 0.0)
            finally:
                self._database.close()
        except Exception as exc:  # noqa: BLE001 - whoever waits for the thread must hear of it
            self._call(self._broke, exc)
        finally:
            self._call(self._end)

    def _work(self, pause: float) -> None:
        """Write batch after batch; `pause` is how long to wait first after a failure."""
        is_closing = False
        while not is_closing:
            batch, version, is_closing = self._take(pause)
            if batch or pause:
                pause = self._commit(batch, version, pause, is_closing)
            else:
                self._call(self._wrote, version, [])

    def _take(self, pause: float) -> tuple[dict[Key, Written], int, bool]:
        with self._changed:
            if pause:
                self._changed.wait_for(lambda: self._is_closing, pause)
            else:
                self._is_idle = True
                self._changed.wait_for(lambda: self._pending or self._is_urgent or self._is_closing)
                self._is_idle = False
                self._changed.wait_for(
                    lambda: self._is_urgent or self._is_closing, self._pace.linger
                )
            self._is_urgent = False
            batch, self._pending = self._pending, {}
            return batch, self._newest, self._is_closing

    def _commit(
        self, batch: dict[Key, Written], version: int, pause: float, is_last: bool
    ) -> float:
        """Write a batch; returns how long to wait before the next one."""
        try:
            self._database.write(batch.values(), version)
        except LostError:
            self._put_back(batch)
            everything, newest = self._take_everything()
            return self._commit(everything, newest, pause, is_last)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the process must go on
            self._put_back(batch)
            reason = str(exc) if isinstance(exc, UnavailableError) else repr(exc)
            notes = self._take_notes()
            if is_last:
                notes.append(f"{len(batch)} changes could not be written and are lost")
            self._call(self._failed, reason, notes)
            return min(max(pause * 2, self._pace.first_retry), self._pace.last_retry)
        self._call(self._wrote, version, self._take_notes())
        return 0.0

    def _put_back(self, batch: dict[Key, Written]) -> None:
        """Keep what was not written, unless there is something newer; forget ends of nothing."""
        kept = {
            key: written
            for key, written in batch.items()
            if written[0].value is not None or self._database.has(written[0])
        }
        with self._changed:
            self._pending = {**kept, **self._pending}

    def _take_everything(self) -> tuple[dict[Key, Written], int]:
        """Ask the loop for all there is, and take that."""
        with self._changed:
            self._is_complete = False
        self._call(self._note_everything)
        with self._changed:
            self._changed.wait_for(lambda: self._is_complete)
            batch, self._pending = self._pending, {}
            return batch, self._newest

    def _take_notes(self) -> list[str]:
        notes, self._database.notes = self._database.notes, []
        return notes

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        tell(self._loop, lambda: function(*arguments))
