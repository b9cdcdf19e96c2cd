"""The SQLite file: opened with care, written in transactions, never thrown away.

Everything here waits for the disk: only the writer's thread may call it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from urllib.parse import quote

from agent.store import rows, schema
from agent.store.interface import Entry
from agent.store.place import Place, StoreError
from agent.store.rows import Found, Key, Written
from agent.store.schema import DamagedError

#: Versions are reserved in blocks, so that none is given out twice, whatever was not written.
BLOCK = 1 << 20
#: Seconds to wait for another process that holds the database.
BUSY_SECONDS = 5.0
#: No database is smaller, but for an empty one.
_HEADER = 512
_EMPTY = "barepod goes on with an empty one"
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
#: Errors after which the open connection is as good as before.
_PASSING = (*_LOCKED, sqlite3.SQLITE_FULL)
_SETUP = """
PRAGMA synchronous = {synchronous};
PRAGMA journal_size_limit = 4194304;
PRAGMA cache_size = -1024;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
"""


class UnavailableError(Exception):
    """Nothing can be written at the moment; the text says why."""

    def __init__(self, message: str, *, is_locked: bool = False) -> None:
        super().__init__(message)
        self.is_locked = is_locked


class LostError(Exception):
    """What was on disk is not there any more: all that is known has to be written."""


class Database:
    """The database of a state directory."""

    def __init__(
        self,
        place: Place,
        now: Callable[[], datetime],
        *,
        synchronous: str = "FULL",
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self._place = place
        self._now = now
        self._setup = _SETUP.format(synchronous=synchronous)
        self._busy_seconds = busy_seconds
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._on_disk: set[Key] = set()
        self._reserved = 0
        self._is_lost = False
        self.notes: list[str] = []

    @property
    def path(self) -> str:
        """Where the database is."""
        return self._place.path

    def open(self) -> tuple[Found, str]:
        """Claim the directory and read what is there.

        Returns also why nothing can be written, "" when all is well: then the store begins all
        the same, if what is there could be read. What is damaged is set aside, and `notes` say
        so. Raises StoreError when the agent must not start.
        """
        trouble = ""
        if self._place.size() == 0:
            self.notes.append(f"{self.path} is an empty file: there is no state to go on from")
        try:
            found = self._connect()
        except UnavailableError as exc:
            trouble = str(exc)
            found = self._read_only(exc)
        self.notes.extend(found.problems)
        self._on_disk = _keys(found)
        clock = int(self._now().timestamp() * 1e6)
        start = max(found.version, clock)  # the clock alone may have been put back
        if not trouble:
            try:
                self.write((), start)
            except UnavailableError as exc:
                trouble = str(exc)
            except LostError:
                trouble, self._is_lost = "it was damaged", True
        return Found(found.written, (), start), trouble

    def write(self, written: Iterable[Written], version: int) -> None:
        """Write entries in one transaction; on disk when this returns.

        Raises UnavailableError: nothing was written, ask again later. Raises LostError: nothing
        was written, and what was there is gone.
        """
        self._ensure_connected()
        if self._is_lost:
            self._is_lost = False
            raise LostError
        kept = [(entry, at) for entry, at in written if entry.value is not None or self.has(entry)]
        reserve = version + BLOCK if version + BLOCK // 2 > self._reserved else 0
        try:
            problems = self._transact(kept, reserve)
        except DamagedError as exc:
            self._on_disk.clear()
            self._set_aside(exc, "what is known is written anew")
            raise LostError from exc
        self._reserved = reserve or self._reserved
        self.notes.extend(problems)
        for entry, _ in kept:
            if entry.value is None:
                self._on_disk.discard(entry.key)
            else:
                self._on_disk.add(entry.key)

    def has(self, entry: Entry) -> bool:
        """Whether something of this key is on disk."""
        return entry.key in self._on_disk

    def close(self) -> None:
        """Fold the log into the database and give the directory up."""
        self._disconnect()
        self._place.release()

    def _ensure_connected(self) -> None:
        """Open what trouble made us close, or what was removed or replaced under our feet."""
        if self._connection is not None and self._place.identity() == self._identity:
            return
        self._disconnect()
        try:
            found = _keys(self._connect())
        except StoreError as exc:
            raise UnavailableError(str(exc)) from exc
        self._is_lost = self._is_lost or bool(self._on_disk - found)
        self._on_disk = found

    def _transact(self, kept: list[Written], reserve: int) -> list[str]:
        connection = self._connection
        assert connection is not None
        with self._guarded():
            connection.execute("BEGIN IMMEDIATE")
            problems = rows.save(connection, kept, reserve)
            connection.execute("COMMIT")
            return problems

    def _connect(self) -> Found:
        """Open for writing; what is there. Something damaged is set aside first."""
        self._reserved = 0
        try:
            self._place.claim()
            self._check_leftovers()
            try:
                return self._open_file()
            except DamagedError as exc:
                self._set_aside(exc, _EMPTY)
                return self._open_file()
        except OSError as exc:
            self._disconnect()
            raise UnavailableError((exc.strerror or str(exc)).lower()) from exc
        except (DamagedError, UnavailableError, StoreError) as exc:
            self._disconnect()
            if isinstance(exc, DamagedError):  # a new one, damaged at once
                raise UnavailableError(str(exc)) from exc
            raise

    def _check_leftovers(self) -> None:
        if self._place.size("-wal") and not self._place.size():  # SQLite would delete the log
            self._set_aside(DamagedError("the database is empty, its log is not"), _EMPTY)
        elif 0 < (self._place.size() or 0) < _HEADER:  # SQLite would take it for a new one
            self._set_aside(DamagedError("it is truncated"), _EMPTY)

    def _open_file(self) -> Found:
        self._place.ensure_database()
        self._identity = self._place.identity()
        with self._guarded():
            connection = self._connection = sqlite3.connect(
                f"file:{quote(self.path)}?mode=rw",
                uri=True,
                isolation_level=None,
                timeout=self._busy_seconds,
            )
            connection.executescript(self._setup)
            schema.verify(connection)
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            schema.migrate(connection)
            return rows.load(connection)

    def _read_only(self, trouble: UnavailableError) -> Found:
        """What is there when the database cannot be opened for writing.

        Raises StoreError when that cannot be told: pods of an earlier agent may be running.
        """
        if not self._place.size():
            return Found()
        uri = f"file:{quote(self.path)}?mode=ro"
        if not self._place.size("-wal") and not trouble.is_locked:
            uri += "&immutable=1"  # needs no room for an index of the log, and would overlook it
        try:
            with self._guarded():
                connection = self._connection = sqlite3.connect(
                    uri, uri=True, timeout=self._busy_seconds
                )
                return rows.load(connection) if schema.verify(connection) else Found()
        except DamagedError as exc:
            self.notes.append(f"the state in {self.path} cannot be used ({exc}); it stays there")
            return Found()
        except UnavailableError as exc:
            raise StoreError(f"cannot read the state in {self.path}: {trouble}") from exc
        finally:
            self._disconnect()

    def _set_aside(self, exc: DamagedError, consequence: str) -> None:
        self._disconnect()
        try:
            target = self._place.set_aside(exc.word, self._now())
        except OSError as error:
            raise UnavailableError(f"{exc}; {error.strerror or error}".lower()) from error
        text = f"the state in {self.path} cannot be used ({exc}): it is kept as {target}"
        self.notes.append(f"{text}, and {consequence}")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """SQLite's errors as ours; the connection is left usable, or closed."""
        try:
            yield
        except DamagedError:
            self._disconnect()
            raise
        except sqlite3.DatabaseError as exc:
            code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
            self._abandon(code)
            if code in _DAMAGE:
                raise DamagedError(str(exc)) from exc
            text = self._explain(str(exc), code)
            raise UnavailableError(text, is_locked=code in _LOCKED) from exc

    def _abandon(self, code: int) -> None:
        connection = self._connection
        if connection is not None and code in _PASSING:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                return
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _explain(self, text: str, code: int) -> str:
        if code not in _LOCKED:
            return text
        pids = " and ".join(map(str, self._place.lockers()))
        return f"{text} by another process" + (f", pid {pids}" if pids else "")


def _keys(found: Found) -> set[Key]:
    return {entry.key for entry, _ in found.written}
