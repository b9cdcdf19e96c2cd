"""What does `barepod agent` with many pods need: to boot, to rest, to be taken over, to stop?

Candidates are numbers of pods, so that anything that grows faster than they do is seen.
"""

from __future__ import annotations

import time
from functools import partial

from bench.framework import Benchmark, Candidate, Metric, Values
from bench.support.agents import agent, mains, place, sleeper

_QUIET = 10.0
_SETTLES = 4.0


def benchmarks() -> tuple[Benchmark, ...]:
    """Boot, rest, adoption and stop."""
    counts = (100, 10, 1000)
    return (
        Benchmark(
            "an agent with so many pods `sleep infinity`, no probes",
            (
                Metric("boot", "s to all running", target="100: at most 3"),
                Metric("adoption", "s after kill -9", target="100: at most 2"),
                Metric("stop", "s", target="linear"),
                Metric("memory", "MB PSS", target="100: at most 60"),
                Metric("idle CPU", "% of a core", target="100: at most 0.1"),
                Metric("wake-ups", "1/s", target="at most 1"),
            ),
            tuple(Candidate(f"{count} pods", partial(lives, count)) for count in counts),
            rounds=2,
        ),
    )


def lives(count: int) -> Values:
    """One agent boots them all, rests, dies; the next one takes over and ends them."""
    with place(sleeper(f"p{number}") for number in range(count)) as where:
        with agent(where, is_observed=False) as first:
            boot = first.all_run()
            time.sleep(_SETTLES)
            cpu, wakes = first.cpu(), first.wakes()
            time.sleep(_QUIET)
            cpu, wakes = first.cpu() - cpu, first.wakes() - wakes
            memory, before = first.memory(), mains(where)
            first.kill()
        with agent(where, is_observed=False) as second:
            adoption = second.all_run()
            if mains(where) != before:
                raise AssertionError("a main process was started again")
            stop = second.stop()
            if mains(where):
                raise AssertionError("a main process was left behind")
    return {
        "boot": boot,
        "adoption": adoption,
        "stop": stop,
        "memory": memory,
        "idle CPU": cpu / 1e6 / _QUIET * 100,
        "wake-ups": wakes / _QUIET,
    }
