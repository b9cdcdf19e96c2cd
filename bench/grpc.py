"""How much CPU does a grpc probe cost?"""

from __future__ import annotations

from bench.framework import Benchmark
from bench.support.probing import benchmark


def benchmarks() -> tuple[Benchmark, ...]:
    """One benchmark."""
    return (benchmark("grpc", "at most 0.9x Go", ("grpc.aio",)),)
