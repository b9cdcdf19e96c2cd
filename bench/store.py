"""How fast is the store, how long does the loop wait for it, and how much disk does it take?

Files lie in the temporary directory; `BENCH_DISK=DIR` chooses another disk. The peer
`synchronous=NORMAL` is our own store with SQLite's weaker promise (a power cut may take the last
transactions); `commit in the loop` is the straightforward program: one transaction for each write.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec

from agent.host.clock import SystemClock
from agent.model.container import Container
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod, PodSpec
from agent.model.status import PodCondition, PodStatus
from agent.store.database import Database
from agent.store.memory import MemoryStore
from agent.store.place import Place
from agent.store.watch import Subscription
from agent.store.writer import Pace, Writer
from bench.framework import Benchmark, Candidate, Metric, Values, fresh, percentile, pss_kib

_PODS, _TURNS = 100, 50
_GROWTH = (1000, 100, 10)
_WATCHERS = 100


def benchmarks() -> tuple[Benchmark, ...]:
    """Writes, also of more and more pods; durable answers, watchers, lists and starts."""
    return _burst(), _growth(), _durable(), _watch(), _read()


def _burst() -> Benchmark:
    return Benchmark(
        f"{_PODS} pods change their status {_TURNS} times each, nobody waits",
        (
            Metric("rate", "writes/s", more_is_better=True),
            Metric("until durable", "ms"),
            Metric("loop late, p99", "ms"),
            Metric("on disk", "MB"),
            Metric("memory growth", "MB PSS"),
        ),
        (
            Candidate("barepod", partial(fresh, burst, synchronous="FULL")),
            Candidate("synchronous=NORMAL", partial(fresh, burst, synchronous="NORMAL"), True),
            Candidate("commit in the loop", partial(fresh, naive_burst), True),
        ),
    )


def _growth() -> Benchmark:
    return Benchmark(
        f"so many pods change their status, {_PODS * _TURNS} times altogether",
        (
            Metric("rate", "writes/s", more_is_better=True),
            Metric("until durable", "ms"),
            Metric("on disk", "MB"),
        ),
        tuple(
            Candidate(f"{n} pods", partial(fresh, burst, synchronous="FULL", count=n))
            for n in _GROWTH
        ),
        rounds=3,
    )


def _durable() -> Benchmark:
    return Benchmark(
        "50 writers, each waits until its write is on disk",
        (Metric("rate", "writes/s", more_is_better=True), Metric("answer, p99", "ms")),
        (
            Candidate("barepod", partial(fresh, durable, synchronous="FULL")),
            Candidate("synchronous=NORMAL", partial(fresh, durable, synchronous="NORMAL"), True),
        ),
    )


def _watch() -> Benchmark:
    return Benchmark(
        f"a change to all of {_WATCHERS} watchers, {_PODS} pods",
        (
            Metric("latency, p99", "ms", target="part of at most 20"),
            Metric("per watcher", "us"),
            Metric("memory of the watchers", "MB PSS", target="part of at most 10"),
        ),
        (Candidate("barepod", partial(fresh, watch)),),
    )


def _read() -> Benchmark:
    return Benchmark(
        "500 pods: list one namespace of two, and open the store of an earlier agent",
        (Metric("list", "ms", target="part of at most 30"), Metric("open", "ms")),
        (Candidate("barepod", partial(fresh, read)),),
    )


def pod(name: str, turn: int, namespace: str = "default") -> Pod:
    """A pod of ordinary size whose status differs in each turn."""
    container = Container(name="main", image="app", command=("/bin/app", "--serve" * 20))
    conditions = tuple(
        PodCondition(type=kind, status="True", message=f"turn {turn}")
        for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    )
    return Pod(
        api_version="v1",
        kind="Pod",
        metadata=ObjectMeta(name=name, namespace=namespace, annotations={"text": "x" * 1000}),
        spec=PodSpec(containers=(container,)),
        status=PodStatus(phase="Running", conditions=conditions),
    )


def burst(synchronous: str, count: int = _PODS) -> Values:
    """Writes as they come at a boot."""

    async def work(folder: str) -> Values:
        pods = [pod(f"p{number}", 0) for number in range(count)]
        turns = _PODS * _TURNS // count
        before = pss_kib()
        async with _opened(folder, synchronous) as store:
            late: list[float] = []
            started = time.perf_counter()
            for turn in range(turns):
                for old in pods:
                    status = msgspec.structs.replace(old.status, message=f"turn {turn}")
                    store.put(msgspec.structs.replace(old, status=status))
                await _yield(late)
            rate = count * turns / (time.perf_counter() - started)
            began = time.perf_counter()
            await store.durable()
            waited = time.perf_counter() - began
            size = sum(path.stat().st_size for path in Path(folder).glob("state.db*"))
            return {
                "rate": rate,
                "until durable": waited * 1e3,
                "loop late, p99": percentile(late, 99) * 1e3,
                "on disk": size / 1e6,
                "memory growth": (pss_kib() - before) / 1000,
            }

    return _run(work)


def naive_burst() -> Values:
    """The same by hand, fewer times."""

    async def work(folder: str) -> Values:
        connection = sqlite3.connect(f"{folder}/state.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE objects (name TEXT PRIMARY KEY, body BLOB)")
        late: list[float] = []
        started = time.perf_counter()
        for turn in range(3):
            for number in range(_PODS):
                body = msgspec.json.encode(pod(f"p{number}", turn))
                connection.execute("REPLACE INTO objects VALUES (?, ?)", (f"p{number}", body))
            await _yield(late)
        rate = 3 * _PODS / (time.perf_counter() - started)
        connection.close()
        return {"rate": rate, "until durable": 0.0}

    return _run(work)


def durable(synchronous: str) -> Values:
    """Each writer waits before it writes again."""

    async def work(folder: str) -> Values:
        latencies: list[float] = []
        async with _opened(folder, synchronous) as store:

            async def write(name: str) -> None:
                for turn in range(20):
                    began = time.perf_counter()
                    stored = store.put(pod(name, turn))
                    assert await store.durable(int(stored.metadata.resource_version))
                    latencies.append(time.perf_counter() - began)

            started = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for number in range(50):
                    group.create_task(write(f"p{number}"))
            seconds = time.perf_counter() - started
        return {
            "rate": len(latencies) / seconds,
            "answer, p99": percentile(latencies, 99) * 1e3,
        }

    return _run(work)


def watch() -> Values:
    """Every watcher reads each change."""

    async def work(folder: str) -> Values:
        store = MemoryStore()
        for number in range(_PODS):
            store.put(pod(f"p{number}", 0))
        before = pss_kib()
        watches = [store.subscribe(Pod) for _ in range(_WATCHERS)]
        memory = (pss_kib() - before) / 1000
        latencies: list[float] = []
        began = 0.0

        async def read(watch: Subscription) -> None:
            async for _ in watch:
                latencies.append(time.perf_counter() - began)

        async with asyncio.TaskGroup() as group:
            for found in watches:
                assert isinstance(found, Subscription)
                group.create_task(read(found))
            await asyncio.sleep(0)
            started = time.perf_counter()
            for turn in range(200):
                began = time.perf_counter()
                store.put(pod("p1", turn + 1))
                while len(latencies) < (turn + 1) * _WATCHERS:
                    await asyncio.sleep(0)
            seconds = time.perf_counter() - started
            for found in watches:
                assert isinstance(found, Subscription)
                found.close()
        return {
            "latency, p99": percentile(latencies, 99) * 1e3,
            "per watcher": seconds / len(latencies) * 1e6,
            "memory of the watchers": memory,
        }

    return _run(work)


def read() -> Values:
    """What a client and the next agent wait for."""

    async def work(folder: str) -> Values:
        async with _opened(folder, "FULL") as store:
            for number in range(500):
                store.put(pod(f"p{number}", 0, f"n{number % 2}"))
            began = time.perf_counter()
            for _ in range(100):
                assert len(store.list(Pod, "n1")) == 250
            listed = (time.perf_counter() - began) / 100
        began = time.perf_counter()
        async with _opened(folder, "FULL") as store:
            seconds = time.perf_counter() - began
            assert len(store.list(Pod)) == 500
        return {"list": listed * 1e3, "open": seconds * 1e3}

    return _run(work)


@asynccontextmanager
async def _opened(folder: str, synchronous: str) -> AsyncIterator[MemoryStore]:
    """`open_store` with a choice."""
    clock = SystemClock()
    database = Database(Place(folder), clock.now, synchronous=synchronous)
    writer = Writer(database, clock, _refuse, Pace())
    saved = await writer.open()
    store = MemoryStore(journal=writer, saved=saved, monotonic=clock.monotonic)
    writer.start(store.entries)
    try:
        yield store
    finally:
        await writer.close()


def _refuse(text: str) -> None:
    raise RuntimeError(text)


async def _yield(late: list[float]) -> None:
    """Let the loop turn; how long a turn that does nothing took."""
    began = time.perf_counter()
    await asyncio.sleep(0)
    late.append(time.perf_counter() - began)


def _run(work: Callable[[str], Coroutine[None, None, Values]]) -> Values:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DISK")) as folder:
        return asyncio.run(work(folder))
