"""How much CPU does an exec probe cost?"""

from __future__ import annotations

from bench.framework import Benchmark
from bench.support.probing import benchmark


def benchmarks() -> tuple[Benchmark, ...]:
    """One benchmark."""
    return (benchmark("exec", "at most 0.8x Go", ("asyncio.subprocess",), probes=600, workers=100),)
