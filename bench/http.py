"""How much CPU does an httpGet probe cost?"""

from __future__ import annotations

from bench.framework import Benchmark
from bench.support.probing import benchmark, growth


def benchmarks() -> tuple[Benchmark, ...]:
    """Against others; with more and more workers."""
    return (
        benchmark("http", "at most 0.6x Go", ("aiohttp",)),
        growth("http"),
    )
