"""How long does it take from the command to the first instruction of the main process?"""

from __future__ import annotations

import time
from functools import partial

from bench.framework import Benchmark, Candidate, Metric, Values
from bench.supervisors import BAREPOD, CROWDS, PEERS, Supervisor, mains, own_seconds, service


def benchmarks() -> tuple[Benchmark, ...]:
    """A pod with one container, no init containers, warm file cache; then many of them."""
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
        Benchmark(
            "from the execve of `barepod run` to that of the first and the last of so many pods",
            (Metric("first", "ms"), Metric("all", "ms", target="linear")),
            tuple(
                Candidate(crowd.name, partial(start_all, crowd, count))
                for count, crowd in CROWDS.items()
            ),
            rounds=3,
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


def start_all(supervisor: Supervisor, pods: int) -> Values | None:
    """One manifest of so many pods; all run when there are so many processes."""
    with service(supervisor) as running:
        if running is None:
            return None
        _, ran = running.born()
        mains(running.manager.pid, pods)
        all_ran = time.time()
        return {
            "first": (ran - running.begun - own_seconds()) * 1000,
            "all": (all_ran - running.begun) * 1000,
        }
