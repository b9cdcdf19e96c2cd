"""What do 20,000 probes with a period of 10 s cost, together and each?

The product's own workers with their pods' facts, metrics and handlers; tcpSocket probes, so that
little but the workers is seen. Fewer probes show how the cost grows. The peer has a goroutine and a
ticker for each probe, as a kubelet has.
"""

from __future__ import annotations

import asyncio
import gc
from functools import partial

from agent.host import event_loop
from bench.framework import Benchmark, Candidate, Metric, Values, fresh, pss_kib
from bench.support import cpu, golang
from bench.support.probing import GO
from bench.support.servers import server

_PERIOD = 10
_SECONDS = 10.0
_PER_POD = 2


def benchmarks() -> tuple[Benchmark, ...]:
    """One benchmark."""
    counts = (20_000, 2_000)
    return (
        Benchmark(
            f"many tcpSocket probes at {_PERIOD} s, {_PER_POD} in each pod",
            (
                Metric("CPU", "% of a core", target="20000: at most 10"),
                Metric("each probe", "us CPU"),
                Metric("memory", "kB PSS each", target="20000: at most 3"),
                Metric("p50", "ms late"),
                Metric("p99", "ms late", target="at most 5"),
            ),
            (
                *(
                    Candidate(f"barepod, {count}", partial(fresh, ours, count=count))
                    for count in counts
                ),
                Candidate(f"{GO}, {counts[0]}", partial(go, counts[0]), is_peer=True),
            ),
            rounds=2,
        ),
    )


def ours(count: int) -> Values:
    """So many workers in this process."""
    from bench.support import engine

    cpu.pin(0)

    async def measure() -> Values:
        async with engine.probing({"tcp": 2 * _PER_POD}, ports, _PERIOD, _PER_POD):
            await asyncio.sleep(0)  # what one worker imports is not counted for all
        gc.collect()
        before = pss_kib()
        async with engine.probing({"tcp": count}, ports, _PERIOD, _PER_POD) as running:
            gc.freeze()  # as the agent does when it has started
            watched = await engine.watch(*running, settle=1.1 * _PERIOD, seconds=_SECONDS)
            each = (pss_kib() - before) * 1.024 / count
        return {
            "CPU": watched.cost.agent * watched.probes / 1e4 / _SECONDS,
            "each probe": watched.cost.agent,
            "memory": each,
            "p50": watched.lateness(50),
            "p99": watched.lateness(99),
        }

    with server("tcp") as ports:
        return event_loop.run(measure())


def go(count: int) -> Values | None:
    """As many goroutines; None without a toolchain."""
    with server("tcp") as ports:
        found = golang.run(
            "-ports",
            ",".join(map(str, ports)),
            "-workers",
            f"tcp={count}",
            "-period",
            f"{_PERIOD}s",
            "-seconds",
            str(_SECONDS),
            cpu=cpu.cpus()[0],
        )
    if found is None:
        return None
    return {
        "CPU": found["cpu_us"] * found["probes"] / 1e4 / _SECONDS,
        "each probe": found["cpu_us"],
        "memory": found["bytes_each"] / 1000,
        "p50": found["late_p50_ms"],
        "p99": found["late_p99_ms"],
    }
