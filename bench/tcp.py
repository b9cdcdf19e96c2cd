"""How much CPU does a tcpSocket probe cost?"""

from __future__ import annotations

from bench.framework import Benchmark
from bench.support.probing import benchmark, growth


def benchmarks() -> tuple[Benchmark, ...]:
    """Against others; with more and more workers."""
    return (
        benchmark("tcp", "at most 0.75x Go", ("bare system calls", "asyncio.open_connection")),
        growth("tcp"),
    )
