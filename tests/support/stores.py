"""Stores on disk for tests: how to open one, fill its disk, and hold its lock."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.host.clock import SystemClock
from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.store.memory import MemoryStore
from agent.store.sqlite import Pace, open_store

#: Nothing waits for company, and trouble is looked at again at once.
QUICK = Pace(linger=0.0, busy=0.05, first_retry=0.02, last_retry=0.05)
_PATIENCE = 10.0


class ShiftedClock(SystemClock):
    """The machine's clocks, with a wall clock that is put forward or back."""

    def __init__(self, shift: float = 0.0) -> None:
        super().__init__()
        self.shift = shift

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.shift)


@asynccontextmanager
async def opened(
    folder: Path, told: list[str] | None = None, *, pace: Pace = QUICK, shift: float = 0.0
) -> AsyncIterator[MemoryStore]:
    """The store of a directory; `told` collects what it says."""
    heard = [] if told is None else told
    async with open_store(str(folder), ShiftedClock(shift), heard.append, pace=pace) as store:
        yield store


def pod(name: str, value: str = "", *, padding: int = 0) -> Pod:
    """A pod that says something."""
    annotations = {"value": value} | ({"padding": "x" * padding} if padding else {})
    return Pod(metadata=ObjectMeta(name=name, namespace="default", annotations=annotations))


def event(name: str) -> Event:
    """An event that says nothing."""
    return Event(metadata=ObjectMeta(name=name, namespace="default"))


def names(store: MemoryStore) -> list[str]:
    """The names of the pods of a store."""
    return [obj.metadata.name for obj in store.list(Pod)]


async def make(folder: Path, *wanted: str) -> None:
    """A state directory with pods."""
    async with opened(folder) as store:
        for name in wanted:
            store.put(pod(name, padding=3000))


async def found(folder: Path) -> list[str]:
    """The pods of a state directory."""
    async with opened(folder) as store:
        return names(store)


def kept_files(folder: Path) -> list[Path]:
    """What was set aside."""
    return sorted(folder.glob("state.db.*"))


async def until(fact: Callable[[], bool], what: str) -> None:
    """Wait for a fact, not for ever."""
    deadline = time.monotonic() + _PATIENCE
    while not fact():
        assert time.monotonic() < deadline, f"never happened: {what}"
        await asyncio.sleep(0.005)


@contextmanager
def small_disk(place: Path, size: str = "1m") -> Iterator[Path]:
    """A disk of so many bytes at `place`; needs root."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    place.mkdir()
    options = f"size={size},mode=0700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "barepod-test", str(place)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a disk here: {mounted.stderr.decode()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def remount(place: Path, option: str) -> None:
    """Make a small disk read-only (`ro`) or writable (`rw`)."""
    subprocess.run(["mount", "-o", f"remount,{option}", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leave no room on a disk; the file that takes it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block in (65536, 4096):
            try:
                while True:
                    file.write(b"x" * block)
            except OSError:
                continue
    return ballast


@contextmanager
def locked_by_sqlite(database: Path) -> Iterator[None]:
    """Another user of the database who is in the middle of writing."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def utc(year: int) -> datetime:
    """The beginning of a year."""
    return datetime(year, 1, 1, tzinfo=UTC)
