"""Is this file our database, of a version we know, and how does it become the present one?"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

#: "bpod" in the header of the file: a foreign database is never taken for ours.
APPLICATION_ID: Final = 0x62706F64

#: Each step makes the next version of the schema; steps are added, never changed.
MIGRATIONS: Final = (
    """
    CREATE TABLE objects (
        kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
        version INTEGER NOT NULL, created INTEGER NOT NULL, written REAL NOT NULL,
        body BLOB NOT NULL, PRIMARY KEY (kind, namespace, name)
    );
    CREATE TABLE records (
        kind TEXT NOT NULL, pod_uid TEXT NOT NULL, part TEXT NOT NULL,
        version INTEGER NOT NULL, created INTEGER NOT NULL, written REAL NOT NULL,
        body BLOB NOT NULL, PRIMARY KEY (kind, pod_uid, part)
    );
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
    """,
)


class DamagedError(Exception):
    """The file is not a whole database of ours; it must be kept, but cannot be used.

    `word` says in one word what it is, for the name under which it is kept.
    """

    def __init__(self, message: str, word: str = "damaged") -> None:
        super().__init__(message)
        self.word = word


def verify(connection: sqlite3.Connection, steps: Sequence[str] = MIGRATIONS) -> int:
    """Read the whole structure; returns the version of the schema, 0 for an empty file.

    Raises DamagedError, and sqlite3.Error where SQLite itself notices.
    """
    application = _pragma(connection, "application_id")
    version = _pragma(connection, "user_version")
    if application == 0 and version == 0 and _tables(connection) == 0:
        return 0
    if application != APPLICATION_ID:
        raise DamagedError("it is a database of another program", "foreign")
    if version > len(steps):
        known = f"this one knows {len(steps)}"
        raise DamagedError(f"a newer barepod wrote it: schema {version}, {known}", "newer")
    (first,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if first != "ok":
        raise DamagedError(str(first).replace("\n", " "))
    return version


def migrate(connection: sqlite3.Connection, steps: Sequence[str] = MIGRATIONS) -> None:
    """Bring a verified database to the present version, all at once or not at all."""
    version = _pragma(connection, "user_version")
    if version == len(steps):
        return
    script = "".join(steps[version:])
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}"
            f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={len(steps)}; COMMIT;"
        )
    except sqlite3.Error:
        if connection.in_transaction:
            connection.rollback()
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)


def _tables(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(count)
