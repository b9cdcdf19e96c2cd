"""How many bytes does a probe take, with its container, pod, facts, handler and metrics?

As `bench/many.py` has it, but counted instead of measured: what Python allocates for many probes
that have been carried out, less what it allocates for few.
"""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

import pytest

from agent.host import event_loop
from bench.support import engine
from bench.support.servers import server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

_FEW, _MANY = 100, 1100
#: For each probe, two in each pod: 2,608 when this was written, half of it the pod's own objects.
_BYTES = 2750


def test_a_probe_is_small_all_in() -> None:
    with server("tcp") as ports:
        event_loop.run(_allocated(_FEW, ports))  # what is imported and cached, once for all
        few, many = (event_loop.run(_allocated(probes, ports)) for probes in (_FEW, _MANY))

    assert (many - few) / (_MANY - _FEW) <= _BYTES


async def _allocated(probes: int, ports: list[int]) -> int:
    """Bytes, after each of them has succeeded at least once."""
    tracemalloc.start()
    try:
        async with engine.probing({"tcp": probes}, ports, 1, 2) as (_, metrics, late):
            while not all(series.totals for series in metrics.probes):
                await asyncio.sleep(0.05)
            late.clear()  # which the bench keeps
            gc.collect()
            return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
