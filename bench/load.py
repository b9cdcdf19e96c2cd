"""Do probes and restarts keep their figures while the API is asked as fast as it can answer?

A real `barepod agent` with a hundred pods of two probes each, every second; wrk lists them over
fifty connections. The same agent at rest is the measure of what the load costs.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.framework import Benchmark, Candidate, Metric, Values, percentile
from bench.supervisors import own_seconds
from bench.support.agents import Place, Pod, agent, place, pod
from bench.support.places import cache
from bench.support.servers import server
from bench.support.wire import PODS, Wire

_PODS, _RESTARTS = 100, 20
_CONNECTIONS = 50
_SECONDS = 10
_SETTLES = 4.0
_PATIENCE = 10.0
_ENOUGH = 0.95


def benchmarks() -> tuple[Benchmark, ...]:
    """One benchmark; without wrk only the agent at rest."""
    return (
        Benchmark(
            f"{2 * _PODS} probes a second and restarts while wrk lists {_PODS} pods over"
            f" {_CONNECTIONS} connections",
            (
                Metric("p50", "ms late"),
                Metric("p99", "ms late", target="at most 10"),
                Metric("restart", "ms from SIGKILL", target="at most 5"),
                Metric("lists", "1/s", more_is_better=True),
            ),
            (
                Candidate("under load (wrk)", partial(measured, is_loaded=True)),
                Candidate("at rest", partial(measured, is_loaded=False)),
            ),
            rounds=2,
        ),
    )


def measured(*, is_loaded: bool) -> Values | None:
    """One agent; what its probes do while restarts are timed."""
    wrk = shutil.which("wrk")
    if is_loaded and wrk is None:
        return None
    with server("http") as ports, _pipe() as (fifo, pipe):
        pods = (_pod(number, ports, fifo) for number in range(_PODS))
        with place(pods, api=True) as where:
            with agent(where) as running:
                running.all_run()
                pids = [int(line.split()[0]) for line in _born(pipe, _RESTARTS)]
                time.sleep(_SETTLES)
                load = _load(wrk, where) if wrk and is_loaded else None
                begun = time.monotonic()
                restart = _restart(pids, pipe)
                time.sleep(max(begun + _SECONDS - time.monotonic(), 0.0))
                ended = time.monotonic()
                lists = {} if load is None else {"lists": _speed(load)}
                running.stop()
            seen = where.lateness(begun, ended)
    if len(seen) < _ENOUGH * 2 * _PODS * _SECONDS:
        raise RuntimeError(f"only {len(seen)} probes in {_SECONDS} s")
    return {
        "p50": percentile(seen, 50),
        "p99": percentile(seen, 99),
        "restart": restart,
        **lists,
    }


def _load(wrk: str, where: Place) -> subprocess.Popen[str]:
    wire = Wire(where)
    command = [wrk, "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", "--timeout", "10s"]
    words = ["-H", f"Authorization: Bearer {wire.token}", f"{wire.server}{PODS}"]
    return subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True)


def _speed(load: subprocess.Popen[str]) -> float:
    """Answers a second, as wrk tells in the end."""
    text, _ = load.communicate(timeout=_SECONDS + _PATIENCE)
    found = re.search(r"Requests/sec:\s*([\d.]+)", text)
    if found is None or "Non-2xx" in text:
        raise RuntimeError(f"wrk did not get what it asked for:\n{text}")
    return float(found[1])


def _restart(pids: list[int], pipe: int) -> float:
    """The median of the first restarts, one after the other; own time of the service subtracted."""
    own, spent = own_seconds(), []
    for pid in pids:
        killed = time.time()
        os.kill(pid, signal.SIGKILL)
        spent.append(float(_born(pipe, 1)[0].split()[1]) - killed - own)
    return statistics.median(spent) * 1000


def _pod(number: int, ports: list[int], fifo: Path) -> Pod:
    """The first ones tell their pid and the time whenever they are born; `$$` is Kubernetes' $."""
    port = ports[number % len(ports)]
    probe: dict[str, Any] = {
        "httpGet": {"port": port, "path": "/healthz"},
        "periodSeconds": 1,
        "timeoutSeconds": 5,
        "failureThreshold": 100,
    }
    tell = f'echo "$$$$ $EPOCHREALTIME" > {fifo}; ' if number < _RESTARTS else ""
    command = ["bash", "-c", f"{tell}exec sleep infinity"]
    container = {"name": "c", "command": command, "livenessProbe": probe, "readinessProbe": probe}
    return pod(f"p{number}", container)


@contextmanager
def _pipe() -> Iterator[tuple[Path, int]]:
    """A named pipe that services write to, and its other end."""
    path = cache() / f"born.{os.getpid()}"
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR)
    try:
        yield path, pipe
    finally:
        os.close(pipe)
        path.unlink()


def _born(pipe: int, count: int) -> list[str]:
    """Wait until so many services have told of themselves."""
    text = ""
    while text.count("\n") < count:
        readable, _, _ = select.select([pipe], [], [], _PATIENCE)
        if not readable:
            raise TimeoutError(f"{text.count(chr(10))} of {count} services in {_PATIENCE:g} s")
        text += os.read(pipe, 4096).decode()
    return text.splitlines()
