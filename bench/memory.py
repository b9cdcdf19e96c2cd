"""How much memory do `barepod run` and its helper process need, and each further pod?

PSS counts shared pages in shares, and on a machine where other Pythons run they are shared with
those as well; "alone" is the upper bound: what they would need if no other Python ran.
"""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path

from bench.framework import Benchmark, Candidate, Metric, Values, pss_kib
from bench.supervisors import (
    BAREPOD,
    PEERS,
    SLEEPER,
    Supervisor,
    barepod_running,
    below,
    mains,
    manifest,
    service,
)

_QUIET = 3.0
_PODS = (100, 10)
#: Those that are a process of ours for each run; systemd is one for the whole machine.
_PEERS = tuple(peer for peer in PEERS if peer.name != "systemd-run")


def benchmarks() -> tuple[Benchmark, ...]:
    """One pod against peers; then many pods."""
    return (
        Benchmark(
            "memory of the supervisor of one service, its helpers included",
            (Metric("memory", "MB PSS", target="at most 30"), Metric("alone", "MB", target="")),
            (
                Candidate(BAREPOD.name, partial(one, BAREPOD)),
                *(Candidate(peer.name, partial(one, peer), is_peer=True) for peer in _PEERS),
            ),
            rounds=3,
        ),
        Benchmark(
            "memory of so many pods of one container each",
            (Metric("memory", "MB PSS"), Metric("each further pod", "KiB PSS")),
            tuple(Candidate(f"{count} pods", partial(many, count)) for count in _PODS),
            rounds=3,
        ),
    )


def one(supervisor: Supervisor) -> Values | None:
    """After three quiet seconds."""
    with service(supervisor) as running:
        if running is None:
            return None
        main, _ = running.born()
        time.sleep(_QUIET)
        return _memory(running.manager.pid, {main})


def many(pods: int) -> Values:
    """The growth from one pod to many, per pod."""
    values = {}
    for count in (1, pods):
        with tempfile.TemporaryDirectory(prefix="barepod-bench-") as name:
            path = Path(name) / "pods.yaml"
            path.write_text(manifest(*[SLEEPER] * count))
            with barepod_running(path) as manager:
                sleepers = mains(manager.pid, count)
                time.sleep(_QUIET)
                values[count] = _memory(manager.pid, sleepers)["memory"]
    each = (values[pods] - values[1]) * 1_000_000 / 1024 / (pods - 1)
    return {"memory": values[pods], "each further pod": each}


def _memory(manager: int, services: set[int]) -> dict[str, float]:
    own = [manager, *(pid for pid in below(manager) if pid not in services)]
    return {
        "memory": sum(map(pss_kib, own)) * 1024 / 1_000_000,
        "alone": (_field(manager, "Rss") + sum(map(_private, own[1:]))) * 1024 / 1_000_000,
    }


def _private(pid: int) -> float:
    return _field(pid, "Private_Clean") + _field(pid, "Private_Dirty")


def _field(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1])
    raise LookupError(f"no {name} for {pid}")
