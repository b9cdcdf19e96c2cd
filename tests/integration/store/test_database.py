"""Transactions, reserved versions and what is known to be on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.store.database import BLOCK, Database, UnavailableError
from agent.store.interface import Entry
from agent.store.place import Place
from tests.support.stores import locked_by_sqlite, pod, utc

pytestmark = pytest.mark.integration


def entry(name: str, version: int, *, gone: bool = False) -> Entry:
    value = None if gone else pod(name)
    return Entry("Pod", "default", name, value, version, version)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(Place(str(tmp_path)), lambda: utc(2025), busy_seconds=0.01)
    yield found
    found.close()


def reserved(path: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (value,) = connection.execute("SELECT value FROM counters").fetchone()
    return int(value)


def test_versions_begin_with_the_clock_and_are_reserved_at_once(database: Database) -> None:
    found, trouble = database.open()

    assert trouble == ""
    assert found.version == int(utc(2025).timestamp() * 1e6)
    assert reserved(database.path) == found.version + BLOCK


def test_a_new_block_is_reserved_before_the_old_one_is_used_up(database: Database) -> None:
    start = database.open()[0].version

    database.write([(entry("a", start + 1), 0.0)], start + 1)
    assert reserved(database.path) == start + BLOCK
    database.write([(entry("a", start + BLOCK - 9), 0.0)], start + BLOCK - 9)

    assert reserved(database.path) == start + 2 * BLOCK - 9


def test_versions_go_on_where_the_clock_was_put_back(database: Database, tmp_path: Path) -> None:
    start = database.open()[0].version
    database.close()

    later = Database(Place(str(tmp_path)), lambda: utc(1990))
    found, _ = later.open()
    later.close()

    assert found.version == start + BLOCK


def test_what_fails_writes_nothing_and_can_be_repeated(database: Database) -> None:
    start = database.open()[0].version
    written = [(entry("a", start + 1), 0.0)]

    with locked_by_sqlite(Path(database.path)):
        with pytest.raises(UnavailableError, match="locked"):
            database.write(written, start + 1)
    assert not database.has(written[0][0])
    database.write(written, start + 1)

    assert database.has(written[0][0])


def test_the_end_of_what_was_never_written_is_not_written(database: Database) -> None:
    start = database.open()[0].version

    database.write([(entry("ghost", start + 1, gone=True), 0.0)], start + 1)

    assert not database.has(entry("ghost", start + 1))
    assert database.notes == []
