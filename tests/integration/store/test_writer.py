"""The writer's promises to those who wait for it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from agent.store.sqlite import Pace
from tests.support.stores import locked_by_sqlite, names, opened, pod, until

pytestmark = [pytest.mark.asyncio, pytest.mark.integration]


def on_disk(folder: Path) -> int:
    """How many objects another process would find."""
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        (count,) = connection.execute("SELECT count(*) FROM objects").fetchone()
    return int(count)


async def test_writes_reach_the_disk_though_nobody_waits(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        store.put(pod("a"))
        await until(lambda: on_disk(tmp_path) == 1, "the pod is on disk")


async def test_writes_wait_for_company_until_somebody_is_in_a_hurry(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=Pace(linger=60.0)) as store:
        for number in range(100):
            store.put(pod(f"p{number}"))
            await asyncio.sleep(0)
        assert on_disk(tmp_path) == 0

        assert await store.durable()
        assert on_disk(tmp_path) == 100


async def test_many_may_wait_for_many_versions(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        async with asyncio.TaskGroup() as group:
            for number in range(50):
                version = int(store.put(pod(f"p{number}")).metadata.resource_version)
                group.create_task(_expect_durable(store.durable(version)))

        assert on_disk(tmp_path) == 50


async def test_who_stops_waiting_disturbs_nobody(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        store.put(pod("a"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await store.durable()
        store.put(pod("b"))

        assert await store.durable()


async def test_trouble_answers_those_who_wait_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=Pace(busy=0.05, first_retry=60.0)) as store:
        with locked_by_sqlite(tmp_path / "state.db"):
            store.put(pod("a"))
            assert await store.durable() is False
            assert "locked" in store.trouble
            assert await store.durable() is False

    async with opened(tmp_path) as store:
        assert names(store) == ["a"]


async def test_a_bug_in_writing_is_trouble_and_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    async with opened(tmp_path, told) as store:
        with monkeypatch.context() as patch:
            patch.setattr("agent.store.rows.save", lambda *_: 1 / 0)
            store.put(pod("a"))
            assert await store.durable() is False
        await until(lambda: not store.trouble, "it is written again")

    assert "ZeroDivisionError" in told[0]
    async with opened(tmp_path) as store:
        assert names(store) == ["a"]


async def test_a_write_that_comes_too_late_is_an_error(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        store.put(pod("a"))

    with pytest.raises(RuntimeError, match="store that is closed"):
        store.put(pod("b"))
    assert await store.durable(store.version) is False


async def test_no_thread_is_left(tmp_path: Path) -> None:
    async with opened(tmp_path):
        assert "store" in {thread.name for thread in threading.enumerate()}

    assert "store" not in {thread.name for thread in threading.enumerate()}


async def _expect_durable(waiting: object) -> None:
    assert asyncio.iscoroutine(waiting)
    assert await waiting is True
