"""How much CPU does an exec probe cost?"""

from __future__ import annotations

from bench.framework import Benchmark
from bench.support.probing import benchmark, growth


def benchmarks() -> tuple[Benchmark, ...]:
    """Against others; with more and more workers."""
    return (
        benchmark("exec", "at most 0.8x Go", ("asyncio.subprocess",), probes=600, workers=100),
        growth("exec", (300, 100, 10)),
    )
