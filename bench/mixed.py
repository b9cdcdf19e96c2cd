"""What does a steady load of 1,000 httpGet and 100 exec probes a second cost in the whole product?

A real `barepod agent`: manifests, processes, workers, thresholds, metrics, events, store. The peer
is Go's bare loop: a goroutine with a ticker for each probe, net/http and os/exec, nothing else.
CPU is that of the agent with its helper, not that of what is probed or executed. Candidates with a
tenth and a hundredth of the load show how the cost grows.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from bench.framework import Benchmark, Candidate, Metric, Values, percentile
from bench.support import golang
from bench.support.agents import Pod, agent, place, pod
from bench.support.probing import GO
from bench.support.servers import server

_PODS = 100
_SECONDS = 10.0
_SETTLES = 5.0
_ENOUGH = 0.97


def benchmarks() -> tuple[Benchmark, ...]:
    """One benchmark."""
    return (
        Benchmark(
            f"{_PODS * 10} httpGet and {_PODS} exec probes/s, whole product against Go's bare loop",
            (
                Metric("CPU", "% of a core", target="at most 0.8x Go"),
                Metric("each", "us CPU per probe"),
                Metric("p50", "ms late"),
                Metric("p99", "ms late", target="at most 5"),
            ),
            (
                Candidate("barepod agent", partial(ours, _PODS)),
                Candidate("barepod agent, a tenth", partial(ours, _PODS // 10)),
                Candidate("barepod agent, a hundredth", partial(ours, _PODS // 100)),
                Candidate(GO, partial(go, _PODS), is_peer=True),
            ),
            rounds=3,
        ),
    )


def ours(pods: int) -> Values:
    """An agent with so many pods: five containers with two probes each, one with a command."""
    with server("http") as ports:
        manifests = (_pod(f"p{number}", ports, number) for number in range(pods))
        with place(manifests, metrics=True) as where, agent(where) as running:
            running.all_run()
            time.sleep(_SETTLES)
            begun, cpu = time.monotonic(), running.cpu()
            time.sleep(_SECONDS)
            ended, cpu = time.monotonic(), running.cpu() - cpu
            failed = where.scrape().total("prober_probe_total", 'result="failed"')
            running.stop()
            late, passed = where.lateness(begun, ended), ended - begun
    if failed or len(late) < _ENOUGH * 11 * pods * passed:
        raise RuntimeError(f"{len(late)} probes in {passed:.1f} s, {failed:.0f} failed so far")
    return {
        "CPU": cpu / 1e4 / passed,
        "each": cpu / len(late),
        "p50": percentile(late, 50),
        "p99": percentile(late, 99),
    }


def go(pods: int) -> Values | None:
    """As many probes in goroutines; None without a toolchain."""
    with server("http") as ports:
        found = golang.run(
            "-ports",
            ",".join(map(str, ports)),
            "-workers",
            f"http={pods * 10},exec={pods}",
            "-seconds",
            str(_SECONDS),
        )
    if found is None:
        return None
    cpu = found["cpu_us"] * found["probes"]
    return {
        "CPU": cpu / 1e4 / _SECONDS,
        "each": found["cpu_us"],
        "p50": found["late_p50_ms"],
        "p99": found["late_p99_ms"],
    }


def _pod(name: str, ports: list[int], number: int) -> Pod:
    def http(place: int) -> dict[str, Any]:
        port = ports[(number * 5 + place) % len(ports)]
        return {"httpGet": {"port": port, "path": "/healthz"}, **_TIMES}

    served = [
        {
            "name": f"c{place}",
            "command": _IDLE,
            "livenessProbe": http(place),
            "readinessProbe": http(place),
        }
        for place in range(5)
    ]
    command = {"exec": {"command": ["/bin/true"]}, **_TIMES}
    asked = {"name": "exec", "command": _IDLE, "livenessProbe": command}
    return pod(name, *served, asked)


_IDLE = ["sleep", "infinity"]
_TIMES = {"periodSeconds": 1, "timeoutSeconds": 5}
