"""How much CPU does one probe of a kind cost, a new connection (or process) each time?

Three loads: many in flight, one at a time (each pays a whole turn of the event loop), and workers
with a period of a second, which is what really happens. The first two drive handlers, the third the
product's own probe workers; the Go prober does all three as a kubelet does. The prober has one CPU
and what it probes another one.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from agent.host import event_loop
from bench.framework import Benchmark, Candidate, Metric, Values, fresh
from bench.support import cpu, golang, peers
from bench.support.servers import server

_BUSY = 20
_CROWDS = (1000, 100, 10)
_PERIOD = 1
_WATCHED = 3.0
GO = "Go, as the kubelet"


def benchmark(
    kind: str,
    target: str,
    libraries: tuple[str, ...],
    *,
    probes: int = 3000,
    workers: int = 1000,
    rounds: int = 3,
) -> Benchmark:
    """Ours, Go's and what libraries cost; `target` bounds the ratio to Go's."""
    helper = (Metric("helper", "us CPU in workers"),) if kind == "exec" else ()
    return Benchmark(
        f"{kind} probe, CPU of the prober",
        (
            Metric(f"{_BUSY} in flight", "us CPU", target=target),
            Metric("one at a time", "us CPU", target=target),
            Metric("workers", f"us CPU, {workers}/s", target=target),
            *helper,
        ),
        (
            Candidate("barepod", partial(fresh, ours, kind=kind, probes=probes, workers=workers)),
            Candidate(GO, partial(go, kind, probes, workers), is_peer=True),
            *(
                Candidate(
                    name,
                    partial(fresh, library, name=name, kind=kind, probes=probes),
                    is_peer=True,
                )
                for name in libraries
            ),
        ),
        rounds=rounds,
    )


def growth(kind: str, counts: tuple[int, ...] = _CROWDS) -> Benchmark:
    """What each probe costs when so many workers probe once a second."""
    helper = (Metric("helper", "us CPU"),) if kind == "exec" else ()
    return Benchmark(
        f"{kind} probe of so many workers, each once a second",
        (Metric("each probe", "us CPU", target="no more for more"), *helper),
        tuple(
            Candidate(f"{count} workers", partial(fresh, crowd, kind=kind, count=count))
            for count in counts
        ),
        rounds=2,
    )


def crowd(kind: str, count: int) -> Values:
    """So many workers on our engine."""
    from bench.support import engine

    cpu.pin(0)
    with _probed(kind) as ports:
        watched = event_loop.run(engine.workers({kind: count}, ports, _PERIOD, _WATCHED))
    helper = {"helper": watched.cost.helper} if kind == "exec" else {}
    return {"each probe": watched.cost.agent, **helper}


def ours(kind: str, probes: int, workers: int) -> Values:
    """Our engine, and our workers on it."""
    from bench.support import engine

    cpu.pin(0)
    with _probed(kind) as ports:
        busy = event_loop.run(engine.closed(kind, ports, _BUSY, probes))
        alone = event_loop.run(engine.closed(kind, ports, 1, probes))
        watched = event_loop.run(engine.workers({kind: workers}, ports, _PERIOD, _WATCHED))
    return {
        f"{_BUSY} in flight": busy.agent,
        "one at a time": alone.agent,
        "workers": watched.cost.agent,
        **({"helper": watched.cost.helper} if kind == "exec" else {}),
    }


def go(kind: str, probes: int, workers: int) -> Values | None:
    """The same loads in Go; None without a toolchain."""
    if golang.prober() is None:
        return None
    with _probed(kind) as ports:
        joined = ",".join(map(str, ports))

        def spent(*load: str) -> float:
            found = golang.run("-ports", joined, *load, cpu=cpu.cpus()[0])
            assert found is not None
            return found["cpu_us"]

        handlers = ("-kind", kind, "-probes", str(probes))
        return {
            f"{_BUSY} in flight": spent(*handlers, "-flight", str(_BUSY)),
            "one at a time": spent(*handlers, "-flight", "1"),
            "workers": spent("-workers", f"{kind}={workers}", "-seconds", str(_WATCHED)),
        }


def library(name: str, kind: str, probes: int) -> Values:
    """What people would use in Python."""
    cpu.pin(0)
    drive = peers.DRIVES[name]

    async def measure(in_flight: int) -> float:
        return await drive(ports, in_flight, probes)

    with _probed(kind) as ports:
        return {
            f"{_BUSY} in flight": asyncio.run(measure(_BUSY)),
            "one at a time": asyncio.run(measure(1)),
        }


def _probed(kind: str) -> AbstractContextManager[list[int]]:
    return nullcontext([0]) if kind == "exec" else server(kind)
