"""Entries to rows and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.store.interface import Entry
from agent.store.rows import Found, load, save
from agent.store.schema import migrate
from tests.support.records import container_record
from tests.support.stores import pod

pytestmark = pytest.mark.integration


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as found:
        migrate(found)
        yield found


def entry(name: str, version: int, created: int) -> Entry:
    return Entry("Pod", "default", name, pod(name, str(version)), version, created)


def test_what_is_saved_is_loaded_in_order_of_creation(connection: sqlite3.Connection) -> None:
    record = container_record("u")
    kept = (
        (entry("b", 7, 1), 100.5),
        (entry("a", 6, 2), 99.0),
        (Entry("ContainerRecord", "u", record.part, record, 8, 8), 98.0),
    )

    assert save(connection, [kept[1], kept[2], kept[0]], 500) == []

    assert load(connection) == Found(kept, (), 500)


def test_the_newest_version_counts_when_none_is_reserved(connection: sqlite3.Connection) -> None:
    save(connection, [(entry("a", 6, 2), 0.0)], 0)

    assert load(connection).version == 6


def test_an_entry_without_value_removes_the_row(connection: sqlite3.Connection) -> None:
    save(connection, [(entry("a", 1, 1), 0.0), (entry("b", 2, 2), 0.0)], 0)

    save(connection, [(Entry("Pod", "default", "a", None, 3, 3), 0.0)], 0)

    assert [found.name for found, _ in load(connection).written] == ["b"]


def test_what_cannot_be_encoded_is_told_and_left_out(connection: sqlite3.Connection) -> None:
    bad = Entry("Pod", "default", "bad", pod("bad", "\ud800"), 1, 1)

    (problem,) = save(connection, [(bad, 0.0), (entry("good", 2, 2), 0.0)], 0)

    assert problem.startswith("cannot write Pod/default/bad to the database: ")
    assert [found.name for found, _ in load(connection).written] == ["good"]
