"""Integration tests use real processes, and leave none."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from agent.host import descendants
from tests.support.children import Host, Mode, running_host
from tests.support.needs import missing

_PATIENCE = 5.0


@pytest.fixture(autouse=True)
def leaves_no_children() -> Iterator[None]:
    """Fail a test after which a child process, living or dead, is left."""
    before = set(descendants.children(os.getpid()))
    yield
    deadline = time.monotonic() + _PATIENCE
    while left := set(descendants.children(os.getpid())) - before:
        if time.monotonic() > deadline:
            names = {pid: descendants.stat(pid) for pid in left}
            pytest.fail(f"child processes are left: {sorted(names)}")
        time.sleep(0.01)


@pytest_asyncio.fixture(params=["cgroup", "subreaper"])
async def host(request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    """The process machinery, in every mode of containment that this machine has.

    With "again" after the mode, main processes are started as at a restart.
    """
    mode, _, again = request.param.partition(" ")
    async with _host(mode, again=bool(again)) as found:
        yield found


@pytest_asyncio.fixture
async def cgroup_host() -> AsyncIterator[Host]:
    """The process machinery, with cgroups."""
    async with _host("cgroup") as found:
        yield found


@asynccontextmanager
async def _host(mode: Mode, *, again: bool = False) -> AsyncIterator[Host]:
    manager = running_host(mode, again=again)
    try:
        found = await manager.__aenter__()
    except OSError as exc:
        missing(f"no {mode} containment here: {exc}; cgroup v2 must be writable (root)")
    try:
        yield found
    finally:
        await manager.__aexit__(None, None, None)


@pytest.fixture
def keeper(tmp_path: Path) -> Path:
    """Where keepers listen."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    return folder / "keeper"
