"""How do entries become rows, and rows entries?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

from agent.store import kinds
from agent.store.interface import Entry

Key = tuple[str, str, str]
#: An entry and the wall time of its write, in seconds since 1970.
Written = tuple[Entry, float]

_COLUMNS = {"objects": ("namespace", "name"), "records": ("pod_uid", "part")}
_RESERVED = "reserved_version"


class Found(msgspec.Struct, frozen=True):
    """What a database holds: readable entries by creation, complaints about others, versions."""

    written: tuple[Written, ...] = ()
    problems: tuple[str, ...] = ()
    version: int = 0


def load(connection: sqlite3.Connection) -> Found:
    """Read everything; a row that cannot be read stays where it is, and is complained about."""
    written: list[Written] = []
    problems: list[str] = []
    version = _reserved(connection)
    decoders: dict[str, msgspec.json.Decoder[Any] | None] = {}
    for table, (scope, name) in _COLUMNS.items():
        query = f"SELECT kind, {scope}, {name}, version, created, written, body FROM {table}"
        for kind, where, what, number, created, at, body in connection.execute(
            f"{query} ORDER BY created"
        ):
            version = max(version, number)
            if kind not in decoders:
                decoders[kind] = _decoder(kind)
            try:
                value = _decode(decoders[kind], body)
            except (ValueError, msgspec.MsgspecError) as exc:
                problems.append(f"cannot read {kind} {where}/{what} from the database: {exc}")
                continue
            written.append((Entry(kind, where, what, value, number, created), at))
    return Found(tuple(written), tuple(problems), version)


def save(connection: sqlite3.Connection, written: Iterable[Written], reserve: int) -> list[str]:
    """Write entries and the reserved version within the caller's transaction.

    Returns complaints about entries that cannot be written at all.
    """
    problems: list[str] = []
    rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in _COLUMNS}
    gone: dict[str, list[Key]] = {table: [] for table in _COLUMNS}
    for entry, at in written:
        table = "objects" if entry.kind in kinds.OBJECTS else "records"
        if entry.value is None:
            gone[table].append(entry.key)
            continue
        try:
            body = msgspec.json.encode(entry.value)
        except (ValueError, TypeError, msgspec.MsgspecError) as exc:
            problems.append(f"cannot write {'/'.join(entry.key)} to the database: {exc}")
            continue
        rows[table].append((*entry.key, entry.version, entry.created, at, body))
    for table, (scope, name) in _COLUMNS.items():
        connection.executemany(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?)", rows[table]
        )
        connection.executemany(
            f"DELETE FROM {table} WHERE kind = ? AND {scope} = ? AND {name} = ?", gone[table]
        )
    if reserve:
        connection.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (_RESERVED, reserve))
    return problems


def _reserved(connection: sqlite3.Connection) -> int:
    query = "SELECT value FROM counters WHERE name = ?"
    row = connection.execute(query, (_RESERVED,)).fetchone()
    return 0 if row is None else int(row[0])


def _decoder(kind: str) -> msgspec.json.Decoder[Any] | None:
    found = kinds.type_of(kind)
    return None if found is None else msgspec.json.Decoder(found)


def _decode(decoder: msgspec.json.Decoder[Any] | None, body: bytes) -> msgspec.Struct:
    if decoder is None:
        raise ValueError("this version does not know the kind")
    value: msgspec.Struct = decoder.decode(body)
    return value
