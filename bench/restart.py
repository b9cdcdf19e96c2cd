"""How soon is a main process replaced that was killed?"""

from __future__ import annotations

import os
import signal
import time
from functools import partial

from bench.framework import Benchmark, Candidate, Metric, Values
from bench.supervisors import BAREPOD, CROWDS, PEERS, Supervisor, mains, own_seconds, service

#: Some supervisors count a process as started only after a second.
_QUIET = 2.0
#: systemd-run and honcho end with their service, or do not restart it at all.
_RESTARTING = tuple(peer for peer in PEERS if peer.name != "honcho")


def benchmarks() -> tuple[Benchmark, ...]:
    """The first restart, after two quiet seconds; the same among more and more pods."""
    return (
        Benchmark(
            "from SIGKILL of the main process to the execve of its successor, first restart",
            (Metric("restart", "ms", target="at most 3, aim 1.6"),),
            (
                Candidate(BAREPOD.name, partial(restart, BAREPOD)),
                *(Candidate(p.name, partial(restart, p), is_peer=True) for p in _RESTARTING),
            ),
            rounds=5,
        ),
        Benchmark(
            "the same, one of so many pods",
            (Metric("restart", "ms", target="no more for more"),),
            tuple(
                Candidate(crowd.name, partial(restart, crowd, pods=count))
                for count, crowd in CROWDS.items()
            ),
            rounds=3,
        ),
    )


def restart(supervisor: Supervisor, pods: int = 1) -> Values | None:
    """What the service itself needs to tell the time is subtracted."""
    with service(supervisor, in_memory=True) as running:
        if running is None:
            return None
        pid, _ = running.born()
        if pods > 1:
            mains(running.manager.pid, pods)
        own = own_seconds()
        time.sleep(_QUIET)
        killed = time.time()
        os.kill(pid, signal.SIGKILL)
        _, ran = running.born()
        return {"restart": (ran - killed - own) * 1000}
