"""How long do a thousand pods take to list, and an event to a hundred watchers?

Without a network: what is measured is our own part of an answer.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

import msgspec

from agent.host import event_loop
from bench.framework import Benchmark, Candidate, Metric, Values, fresh
from tests.support.world import PODS, World, manifest, world

_PODS, _WATCHERS = (1000, 100, 10), (100, 10, 1)
_EVENTS = 200
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def benchmarks() -> tuple[Benchmark, ...]:
    """Creates and lists; watches."""
    return _lists(), _watches()


def _lists() -> Benchmark:
    return Benchmark(
        "so many pods are created and listed",
        (
            Metric("create", "ms each"),
            Metric("list", "ms"),
            Metric("list as a table", "ms"),
            Metric("list by labels", "ms"),
        ),
        tuple(Candidate(f"{n} pods", partial(fresh, lists, pods=n)) for n in _PODS),
    )


def _watches() -> Benchmark:
    return Benchmark(
        f"{_EVENTS} events go to so many watchers, one after the other",
        (Metric("each to each", "us"),),
        tuple(Candidate(f"{n} watchers", partial(fresh, fan_out, watchers=n)) for n in _WATCHERS),
    )


def lists(pods: int) -> Values:
    """Create and list."""
    return event_loop.run(_create_and_list(pods))


def fan_out(watchers: int) -> Values:
    """Change a pod again and again before many watchers."""
    return event_loop.run(_tell_all(watchers))


async def _create_and_list(pods: int) -> Values:
    async with world() as w:
        began = time.perf_counter()
        for number in range(pods):
            await w.answer("POST", PODS, manifest(f"p{number}"))
        created = time.perf_counter() - began
        return {
            "create": created * 1e3 / pods,
            "list": await _timed(w),
            "list as a table": await _timed(w, accept=_TABLE),
            "list by labels": await _timed(w, query={"labelSelector": "app=p7"}),
        }


async def _timed(w: World, **options: Any) -> float:
    began = time.perf_counter()
    await w.answer("GET", PODS, **options)
    return (time.perf_counter() - began) * 1e3


async def _tell_all(watchers: int) -> Values:
    async with world() as w:
        await w.ask("POST", PODS, manifest())
        since = {"watch": "1", "resourceVersion": str(w.store.version)}
        answers = [await w.answer("GET", PODS, query=since) for _ in range(watchers)]
        async with asyncio.TaskGroup() as group:
            for answer in answers:
                group.create_task(_read(answer.pieces))
            await w.settle()
            began = time.perf_counter()
            await _change(w)
        took = time.perf_counter() - began
    return {"each to each": took * 1e6 / (watchers * _EVENTS)}


async def _change(w: World) -> None:
    pod = w.pod()
    assert pod is not None
    for number in range(_EVENTS):
        metadata = msgspec.structs.replace(pod.metadata, labels={"n": str(number)})
        w.store.put(msgspec.structs.replace(pod, metadata=metadata))
        await asyncio.sleep(0)


async def _read(pieces: Any) -> None:
    seen = 0
    async for piece in pieces:
        seen += piece.count(b"\n")
        if seen >= _EVENTS:
            return
