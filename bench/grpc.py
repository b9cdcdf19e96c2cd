"""How much CPU does a grpc probe cost?"""

from __future__ import annotations

from bench.framework import Benchmark
from bench.support.probing import benchmark, growth


def benchmarks() -> tuple[Benchmark, ...]:
    """Against others; with more and more workers."""
    return (
        benchmark("grpc", "at most 0.9x Go", ("grpc.aio",)),
        growth("grpc"),
    )
