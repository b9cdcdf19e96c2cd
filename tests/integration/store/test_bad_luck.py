"""Damage and locks: nothing is lost in silence, and pods go on."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agent.store.schema import MIGRATIONS
from agent.store.sqlite import StateInUseError, StoreError
from tests.support.stores import (
    found,
    kept_files,
    locked_by_sqlite,
    make,
    names,
    opened,
    pod,
    until,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.integration]


@pytest.mark.parametrize("size", [1, 50, 100, 1000, 4096, 5000, 20000])
async def test_a_truncated_database_is_kept_and_told(tmp_path: Path, size: int) -> None:
    told: list[str] = []
    await make(tmp_path, *(f"p{number}" for number in range(20)))
    whole = (tmp_path / "state.db").read_bytes()
    os.truncate(tmp_path / "state.db", size)

    async with opened(tmp_path, told) as store:
        assert names(store) == []
        store.put(pod("new"))

    (kept,) = kept_files(tmp_path)
    assert kept.read_bytes() == whole[:size]
    assert len(told) == 1
    assert str(kept) in told[0]
    assert ".damaged-" in kept.name
    assert await found(tmp_path) == ["new"]


@pytest.mark.parametrize("garbage", [b"garbage" * 1000, b"\0" * 9000], ids=["text", "zeros"])
async def test_garbage_is_kept_and_told(tmp_path: Path, garbage: bytes) -> None:
    told: list[str] = []
    (tmp_path / "state.db").write_bytes(garbage)

    async with opened(tmp_path, told) as store:
        store.put(pod("new"))

    (kept,) = kept_files(tmp_path)
    assert kept.read_bytes() == garbage
    assert [str(kept) in text for text in told] == [True]
    assert await found(tmp_path) == ["new"]


async def test_a_page_of_garbage_is_found(tmp_path: Path) -> None:
    told: list[str] = []
    await make(tmp_path, *(f"p{number}" for number in range(50)))
    with (tmp_path / "state.db").open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096 * 4))

    async with opened(tmp_path, told):
        pass

    assert len(kept_files(tmp_path)) == len(told) == 1


async def test_a_log_without_its_database_is_kept(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "state.db-wal").write_bytes(b"log" * 1000)

    async with opened(tmp_path, told):
        pass

    (kept,) = kept_files(tmp_path)
    assert kept.name.endswith("-wal")
    assert kept.read_bytes() == b"log" * 1000
    assert len(told) == 1


async def test_an_empty_database_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "state.db").touch()

    async with opened(tmp_path, told) as store:
        assert names(store) == []

    assert len(told) == 1
    assert "is an empty file" in told[0]


async def test_a_database_of_a_newer_version_is_kept_and_told(tmp_path: Path) -> None:
    told: list[str] = []
    await make(tmp_path, "old")
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.execute("PRAGMA user_version = 1000")

    async with opened(tmp_path, told) as store:
        assert names(store) == []

    (kept,) = kept_files(tmp_path)
    assert ".newer-" in kept.name
    assert f"schema 1000, this one knows {len(MIGRATIONS)}" in told[0]
    assert str(kept) in told[0]


async def test_two_damaged_databases_in_one_second_are_both_kept(tmp_path: Path) -> None:
    for text in (b"one" * 1000, b"two" * 1000):
        (tmp_path / "state.db").write_bytes(text)
        async with opened(tmp_path):
            pass

    assert {path.read_bytes()[:3] for path in kept_files(tmp_path)} == {b"one", b"two"}


async def test_a_database_of_another_program_is_left_whole(tmp_path: Path) -> None:
    told: list[str] = []
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")

    async with opened(tmp_path, told):
        pass

    (kept,) = kept_files(tmp_path)
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT count(*) FROM songs").fetchone() == (0,)
    assert "another program" in told[0]


async def test_a_row_that_cannot_be_read_is_told_and_stays(tmp_path: Path) -> None:
    told: list[str] = []
    await make(tmp_path, "good", "bad")
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
        connection.execute("UPDATE objects SET body = '{' WHERE name = 'bad'")
        connection.execute("INSERT INTO objects VALUES ('Widget', '', 'w', 1, 1, 1, '{}')")

    async with opened(tmp_path, told) as store:
        assert names(store) == ["good"]
        store.put(pod("good"))

    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM objects").fetchone()
    assert count == 3
    assert sorted(text.partition(" from ")[0] for text in told) == [
        "cannot read Pod default/bad",
        "cannot read Widget /w",
    ]


async def test_a_link_in_place_of_the_database_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"precious")
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "state.db").symlink_to(target)

    with pytest.raises(StoreError, match="is a link"):
        async with opened(folder):
            pass

    assert target.read_bytes() == b"precious"


async def test_a_link_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "real")

    with pytest.raises(StoreError, match="is a link"):
        async with opened(tmp_path / "state"):
            pass


async def test_a_fifo_in_place_of_the_database_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "state.db")

    with pytest.raises(StoreError, match="not a regular file"):
        async with opened(tmp_path):
            pass


async def test_a_lock_of_another_process_is_waited_for_in_memory(tmp_path: Path) -> None:
    told: list[str] = []
    await make(tmp_path, "old")
    script = (
        "import sqlite3, sys\n"
        "held = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "held.execute('BEGIN IMMEDIATE')\n"
        "print(flush=True)\n"
        "sys.stdin.read()\n"
    )
    other = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", script, str(tmp_path / "state.db")),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdin is not None
    assert other.stdout is not None
    await other.stdout.readline()

    async with opened(tmp_path, told) as store:
        assert names(store) == ["old"]
        store.put(pod("new"))
        assert await store.durable() is False
        assert store.trouble == f"database is locked by another process, pid {other.pid}"
        other.stdin.close()
        await other.wait()
        await until(lambda: not store.trouble, "the lock is gone")
        assert await store.durable()

    assert [text.partition(" ")[0] for text in told] == ["cannot", "the"]
    assert await found(tmp_path) == ["old", "new"]


async def test_a_lock_that_comes_later_is_survived(tmp_path: Path) -> None:
    told: list[str] = []
    async with opened(tmp_path, told) as store:
        with locked_by_sqlite(tmp_path / "state.db"):
            store.put(pod("a"))
            assert await store.durable() is False
        await until(lambda: not store.trouble, "the lock is gone")

    assert len(told) == 2
    assert await found(tmp_path) == ["a"]


async def test_the_second_agent_is_refused_and_told_the_first_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        with pytest.raises(StateInUseError, match=rf"pid {os.getpid()}\) uses") as refused:
            async with opened(tmp_path):
                pass
        store.put(pod("a"))
        assert await store.durable()

    assert refused.value.pid == os.getpid()
    assert await found(tmp_path) == ["a"]


async def test_the_lock_of_a_dead_agent_is_taken_over(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "agent.lock").write_text("999999999\n")

    async with opened(tmp_path):
        assert (tmp_path / "agent.lock").read_text() == f"{os.getpid()}\n"

    assert not (tmp_path / "agent.lock").exists()


async def test_a_state_that_cannot_be_read_keeps_the_agent_from_starting(tmp_path: Path) -> None:
    await make(tmp_path, "a")
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match=r"cannot read the state in .*locked"):
            async with opened(tmp_path):
                pass
        other.execute("ROLLBACK")

    assert await found(tmp_path) == ["a"]


@pytest.mark.parametrize("what", ["database", "directory"])
async def test_what_is_removed_under_a_running_agent_is_written_anew(
    tmp_path: Path, what: str
) -> None:
    folder = tmp_path / "state"
    async with opened(folder) as store:
        store.put(pod("a"))
        assert await store.durable()
        for path in folder.iterdir():
            path.unlink()
        if what == "directory":
            folder.rmdir()
        store.put(pod("b"))
        await until(lambda: (folder / "state.db").exists(), "the database is there again")

    assert await found(folder) == ["a", "b"]


async def test_damage_under_a_running_agent_is_written_anew(tmp_path: Path) -> None:
    told: list[str] = []
    async with opened(tmp_path, told) as store:
        for number in range(100):
            store.put(pod(f"p{number}", padding=3000))
        assert await store.durable()
        with closing(sqlite3.connect(tmp_path / "state.db")) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        with (tmp_path / "state.db").open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(4096 * 60))
        for number in range(100):
            store.put(pod(f"p{number}", "again", padding=3000))
        store.put(pod("new"))
        await until(lambda: bool(kept_files(tmp_path)), "the damage is found")
        await until(lambda: not store.trouble, "it is written again")

    assert "what is known is written anew" in told[0]
    assert await found(tmp_path) == [*(f"p{number}" for number in range(100)), "new"]


async def test_a_link_that_takes_the_place_of_the_database_is_not_followed(tmp_path: Path) -> None:
    folder, target = tmp_path / "state", tmp_path / "elsewhere"
    async with opened(folder) as store:
        store.put(pod("a"))
        assert await store.durable()
        for path in folder.glob("state.db*"):
            path.unlink()
        (folder / "state.db").symlink_to(target)
        store.put(pod("b"))
        assert await store.durable() is False
        assert "is a link" in store.trouble
        (folder / "state.db").unlink()
        await until(lambda: not store.trouble, "the link is gone")

    assert not target.exists()
    assert await found(folder) == ["a", "b"]
