"""What does a probe cost that brings no news? Counted on virtual time, with a scripted handler.

Nearly all probes are such. The bounds are a little above what was needed when this was written:
whoever lets a probe build a status, record an event or keep something for ever, learns it here.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import pytest

import agent
from tests.support.builders import container, pod, probe
from tests.support.node import Node

pytestmark = pytest.mark.asyncio

_PROBES = 1000
_OURS = str(Path(agent.__file__).parent)
#: Functions of ours that are entered for each probe, without those of its handler: 8 were.
_CALLS = 9
#: Blocks of memory that a thousand probes may leave behind: caches, lists that grew.
_LEFT = 20
#: Bytes of a probe worker with its place in time and its metrics, 601 when this was written.
_BYTES = 700
_WORKERS = ("prober.py", "probe_worker.py", "scheduler.py", "metrics.py")


@asynccontextmanager
async def _running(containers: int = 1) -> AsyncIterator[Node]:
    """A pod whose liveness probes have succeeded for a while, once a second."""
    alive = probe("alive", period_seconds=1)
    node = Node(pod(*(container(f"c{n}", liveness_probe=alive) for n in range(containers))))
    node.note = lambda what: None  # type: ignore[method-assign]  # it would keep every probe
    async with asyncio.TaskGroup() as group:
        group.create_task(node.worker.run())
        await node.clock.sleep(10)
        yield node
        node.worker.kill()


def _probed(node: Node) -> int:
    return sum(series.totals.get("successful", 0) for series in node.metrics.probes)


async def test_a_probe_without_news_runs_little_code() -> None:
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename.startswith(_OURS)

    async with _running() as node:
        before = _probed(node)
        sys.setprofile(count)
        try:
            await node.clock.sleep(_PROBES)
        finally:
            sys.setprofile(None)
        probes = _probed(node) - before

    assert probes >= _PROBES - 1
    assert calls / probes <= _CALLS


async def test_probes_without_news_leave_nothing_behind() -> None:
    async with _running() as node:
        await node.clock.sleep(_PROBES)
        published = len(node.statuses)
        gc.collect()
        before = sys.getallocatedblocks()
        await node.clock.sleep(_PROBES)
        gc.collect()
        left = sys.getallocatedblocks() - before
        statuses = len(node.statuses)

    assert left <= _LEFT
    assert statuses == published
    assert node.events("Unhealthy") == []


async def test_a_worker_is_small() -> None:
    tracemalloc.start()
    try:
        async with _running(containers=10):
            gc.collect()
            few = _bytes_of(*_WORKERS)
        async with _running(containers=110):
            gc.collect()
            many = _bytes_of(*_WORKERS)
    finally:
        tracemalloc.stop()

    assert (many - few) / 100 <= _BYTES


def _bytes_of(*files: str) -> int:
    """What was allocated by lines of these files and is there still."""
    wanted = [tracemalloc.Filter(True, f"*/agent/*/{name}") for name in files]
    taken = tracemalloc.take_snapshot().filter_traces(wanted)
    return sum(found.size for found in taken.statistics("filename"))
