"""How late do probes begin in an agent that has other things to do at the same time?

Fifty pods with two probes at a period of a second; beside them one disturbance each.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

from bench.framework import Benchmark, Candidate, Metric, Values, percentile
from bench.support.agents import Place, Pod, agent, place, pod
from bench.support.servers import server

_PROBED = 50
_CRASHING = (100, 10)
_SECONDS = 10.0
_SETTLES = 4.0
_ENOUGH = 0.95
_IDLE = ["sleep", "infinity"]
_FLOOD = """
import os, time
block, rate, begun, sent = (b"x" * 99 + b"\\n") * 655, 100_000_000, time.monotonic(), 0
while True:
    sent += os.write(1, block)
    time.sleep(max(0, sent / rate - (time.monotonic() - begun)))
"""
_REQUESTS = """
import http.client, sys, time
address, path, period = sys.argv[1], sys.argv[2], float(sys.argv[3])
while True:
    connection = http.client.HTTPConnection(address, timeout=10)
    for _ in range(100):
        begun = time.monotonic()
        connection.request("GET", path)
        connection.getresponse().read()
        time.sleep(max(0, begun + period - time.monotonic()))
    connection.close()
"""
#: Back-off stays as it begins, at 10 s: all of them crash together, six times a minute.
_CRASH_LOOP = "[crash_loop]\ninitial_seconds = 10\nmax_seconds = 10\n"

Beside = Callable[[Place], AbstractContextManager[None]]


def benchmarks() -> tuple[Benchmark, ...]:
    """One benchmark, a candidate for each disturbance."""
    flood = pod("flood", {"name": "c", "command": [sys.executable, "-I", "-S", "-c", _FLOOD]})
    disturbances: tuple[tuple[str, tuple[Pod, ...], Beside], ...] = (
        ("nothing else", (), _nothing),
        ("100 MB/s of output", (flood,), _nothing),
        *((f"{n} pods in a crash loop", _crashing(n), _nothing) for n in _CRASHING),
        ("200 requests/s for readiness", (), partial(_asking, path="/readyz", period=0.005)),
        ("a scrape each second", (), partial(_asking, path="/metrics", period=1.0)),
    )
    return (
        Benchmark(
            f"{2 * _PROBED} probes/s of an agent, and beside them",
            (
                Metric("p50", "ms late"),
                Metric("p99", "ms late", target="at most 10"),
                Metric("max", "ms late"),
                Metric("CPU", "% of a core", target="crash loop: at most 20"),
            ),
            tuple(
                Candidate(name, partial(late, pods, beside)) for name, pods, beside in disturbances
            ),
            rounds=2,
        ),
    )


def late(disturbing: tuple[Pod, ...], beside: Beside) -> Values:
    """Watch the probed pods while the others do what they do."""
    with server("http") as ports:
        probed = (_pod(number, ports) for number in range(_PROBED))
        with place((*probed, *disturbing), metrics=True, settings=_CRASH_LOOP) as where:
            with agent(where) as running:
                running.all_run(_PROBED)
                with beside(where):
                    time.sleep(_SETTLES)
                    begun, cpu = time.monotonic(), running.cpu()
                    time.sleep(_SECONDS)
                    ended, cpu = time.monotonic(), running.cpu() - cpu
                running.stop()
            seen, passed = where.lateness(begun, ended), ended - begun
    if len(seen) < _ENOUGH * 2 * _PROBED * passed:
        raise RuntimeError(f"only {len(seen)} probes in {passed:.1f} s")
    return {
        "p50": percentile(seen, 50),
        "p99": percentile(seen, 99),
        "max": max(seen),
        "CPU": cpu / 1e4 / passed,
    }


def _crashing(count: int) -> tuple[Pod, ...]:
    return tuple(pod(f"crash{n}", {"name": "c", "command": ["false"]}) for n in range(count))


def _nothing(_: Place) -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def _asking(where: Place, *, path: str, period: float) -> Iterator[None]:
    """A client of the health listener, in a process of its own."""
    words = [sys.executable, "-I", "-c", _REQUESTS, where.metrics, path, str(period)]
    client = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        yield
        if client.poll() is not None:
            raise RuntimeError(f"the client of {path} has ended")
    finally:
        client.kill()
        client.wait()


def _pod(number: int, ports: list[int]) -> Pod:
    port = ports[number % len(ports)]
    probe = {"httpGet": {"port": port, "path": "/healthz"}, "periodSeconds": 1, "timeoutSeconds": 5}
    return pod(
        f"p{number}",
        {"name": "c", "command": _IDLE, "livenessProbe": probe, "readinessProbe": probe},
    )
