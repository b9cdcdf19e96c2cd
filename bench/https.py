"""How much CPU does an httpGet probe with scheme HTTPS, which verifies nothing cost?"""

from __future__ import annotations

from bench.framework import Benchmark
from bench.support.probing import benchmark, growth


def benchmarks() -> tuple[Benchmark, ...]:
    """Against others; with more and more workers."""
    return (
        benchmark("https", "Go is ahead", ("aiohttp over TLS",), probes=600, workers=300),
        growth("https", (300, 100, 10)),
    )
