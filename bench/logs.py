"""How soon does a line come to who follows a log, and how fast does a long log come as a whole?

A real `barepod agent` with containers that print, over TLS with a bearer token. The large log is
100 MB of the container's own bytes, in lines of 100; CPU is that of the agent with its helper.
"""

from __future__ import annotations

import sys
import time
from functools import partial

from bench.framework import Benchmark, Candidate, Metric, Values, percentile
from bench.support.agents import Agent, Place, agent, place, pod
from bench.support.wire import PODS, Wire, lines

_MB = 1_000_000
_SIZE, _SMALL = 100 * _MB, 10 * _MB
_BLOCK = 256 * 1024
_LINES = 300
_PAUSE = 0.01
_TALKER = f"""
import time
while True:
    print(time.perf_counter(), flush=True)
    time.sleep({_PAUSE})
"""
_LARGE = "yes {line} | head -c {size}; exec sleep infinity"


def benchmarks() -> tuple[Benchmark, ...]:
    """Following; the whole of a large log."""
    return (
        Benchmark(
            "kubectl logs -f: from the container's write of a line to the client's read",
            (Metric("p50", "ms"), Metric("p99", "ms", target="at most 50")),
            (Candidate("barepod agent", followed),),
            rounds=3,
        ),
        Benchmark(
            f"kubectl logs as a whole, {_SIZE // _MB} MB",
            (
                Metric("speed", "MB/s", more_is_better=True, target="at least 100"),
                Metric("CPU", "ms per MB, agent"),
            ),
            (
                Candidate("barepod agent", partial(whole)),
                Candidate("with timestamps", partial(whole, "&timestamps=true")),
                Candidate(f"{_SMALL // _MB} MB", partial(whole, size=_SMALL)),
            ),
            rounds=2,
        ),
    )


def followed() -> Values:
    """Each line tells when it was written."""
    talker = {"name": "c", "command": [sys.executable, "-c", _TALKER]}
    late: list[float] = []
    with place([pod("talker", talker)], api=True) as where, agent(where) as running:
        _until_it_runs(where, running, "talker")
        with Wire(where).stream(f"{PODS}/talker/log?follow=true&tailLines=0") as stream:
            for line, came in lines(stream):
                late.append((came - float(line)) * 1000)
                if len(late) == _LINES:
                    break
    return {"p50": percentile(late, 50), "p99": percentile(late, 99)}


def whole(query: str = "", *, size: int = _SIZE) -> Values:
    """Wait until all of it is written, then read it once."""
    command = _LARGE.format(line="x" * 99, size=size)
    printing = {"name": "c", "command": ["sh", "-c", command]}
    limits = '[logs]\nmax_size = "1Gi"\n'
    with (
        place([pod("large", printing)], api=True, settings=limits) as where,
        agent(where) as running,
    ):
        running.all_run()  # the shell has become the sleeper: all is written
        cpu, begun, got = running.cpu(), time.perf_counter(), 0
        buffer = bytearray(_BLOCK)
        with Wire(where).stream(f"{PODS}/large/log?limitBytes={size}{query}") as stream:
            begun = time.perf_counter()
            while got < size:
                piece = stream.recv_into(buffer)
                if not piece:
                    raise RuntimeError(f"the log ended after {got} bytes")
                got += piece
        passed = time.perf_counter() - begun
        cpu = running.cpu() - cpu
    return {"speed": size / _MB / passed, "CPU": cpu / 1000 / (size / _MB)}


def _until_it_runs(where: Place, running: Agent, name: str) -> None:
    with Wire(where).client() as client:
        running.until(lambda: b'"phase":"Running"' in client.get(f"{PODS}/{name}"))
