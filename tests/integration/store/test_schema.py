"""Steps lead from any earlier version to the present one, wholly or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.store.schema import APPLICATION_ID, MIGRATIONS, DamagedError, migrate, verify

pytestmark = pytest.mark.integration

ONE = "CREATE TABLE one (x INTEGER);"
TWO = "ALTER TABLE one ADD COLUMN y INTEGER DEFAULT 7;"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as found:
        yield found


def test_an_empty_file_becomes_a_present_database(connection: sqlite3.Connection) -> None:
    assert verify(connection) == 0

    migrate(connection)

    assert verify(connection) == len(MIGRATIONS)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_an_older_database_keeps_its_rows(connection: sqlite3.Connection) -> None:
    migrate(connection, (ONE,))
    connection.execute("INSERT INTO one VALUES (3)")

    migrate(connection, (ONE, TWO))
    migrate(connection, (ONE, TWO))

    assert connection.execute("SELECT x, y FROM one").fetchall() == [(3, 7)]
    assert verify(connection, (ONE, TWO)) == 2


def test_a_step_that_fails_changes_nothing(connection: sqlite3.Connection) -> None:
    migrate(connection, (ONE,))

    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, (ONE, TWO, "CREATE TABLE one (x INTEGER);"))

    assert verify(connection, (ONE,)) == 1
    assert not connection.in_transaction


def test_a_newer_database_is_not_touched(connection: sqlite3.Connection) -> None:
    migrate(connection, (ONE, TWO))

    with pytest.raises(DamagedError) as refused:
        verify(connection, (ONE,))

    assert refused.value.word == "newer"
    assert str(refused.value) == "a newer barepod wrote it: schema 2, this one knows 1"


def test_a_database_of_another_program_is_told_apart(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE songs (title TEXT)")

    with pytest.raises(DamagedError) as refused:
        verify(connection)

    assert refused.value.word == "foreign"
