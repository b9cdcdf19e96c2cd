"""How long does it take from the command to the first instruction of the main process?"""

from __future__ import annotations

from functools import partial

from bench.framework import Benchmark, Candidate, Metric, Values
from bench.supervisors import BAREPOD, PEERS, Supervisor, own_seconds, service


def benchmarks() -> tuple[Benchmark, ...]:
    """One benchmark: a pod with one container, no init containers, warm file cache."""
    return (
        Benchmark(
            "from the execve of the supervisor to that of the main process, warm file cache",
            (
                Metric("start", "ms", target="at most 120, aim 75"),
                Metric("own CPU", "ms"),
            ),
            (
                Candidate(BAREPOD.name, partial(start, BAREPOD)),
                *(Candidate(peer.name, partial(start, peer), is_peer=True) for peer in PEERS),
            ),
            rounds=7,
        ),
    )


def start(supervisor: Supervisor) -> Values | None:
    """One cold process; what the service itself needs to tell the time is subtracted."""
    with service(supervisor) as running:
        if running is None:
            return None
        _, ran = running.born()
        return {
            "start": (ran - running.begun - own_seconds()) * 1000,
            "own CPU": running.manager_cpu() * 1000,
        }
