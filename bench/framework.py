"""What is a benchmark, how is it run fairly, and how is the outcome shown?"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of every candidate; `target` is what barepod itself must reach, in words."""

    name: str
    unit: str
    more_is_better: bool = False
    target: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to do the work; `measure` does it once and returns a value for each metric.

    Peers may leave a metric out that has no meaning for them; `None` as a whole means that the peer
    is not there (not installed), and its row is left out.
    """

    name: str
    measure: Callable[[], Values | None]
    is_peer: bool = False


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Candidates that do the same work; the first one that is no peer is ours."""

    title: str
    metrics: tuple[Metric, ...]
    candidates: tuple[Candidate, ...]
    rounds: int = 5


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and quartiles of what the rounds gave."""

    median: float
    low: float
    high: float


Outcome = dict[str, dict[str, Spread]]  # candidate -> metric -> spread


def run(benchmark: Benchmark, *, rounds: int | None = None) -> Outcome:
    """Run all candidates in each round, in random order, so that noise hits all alike."""
    samples: dict[str, dict[str, list[float]]] = {c.name: {} for c in benchmark.candidates}
    for _ in range(rounds or benchmark.rounds):
        for candidate in random.sample(benchmark.candidates, len(benchmark.candidates)):
            for metric, value in (candidate.measure() or {}).items():
                samples[candidate.name].setdefault(metric, []).append(value)
    return {
        name: {metric: _spread(values) for metric, values in metrics.items()}
        for name, metrics in samples.items()
        if metrics
    }


def fresh(function: Callable[..., Values], **arguments: Any) -> Values:
    """Call a module-level function in a new interpreter of its own: honest memory and CPU."""
    request = json.dumps([function.__module__, function.__qualname__, arguments])
    done = subprocess.run(
        [sys.executable, "-m", "bench.fresh", request],
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    answer: Values = json.loads(done.stdout)
    return answer


def pss_kib(pid: int | str = "self") -> float:
    """The proportional share of memory of a process, in KiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1])
    raise LookupError(f"no Pss for {pid}")


def cpu_seconds() -> float:
    """User and system time of this process so far, all threads."""
    return time.process_time()


def percentile(values: list[float], percent: float) -> float:
    """The value below which so many percent lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


def machine() -> dict[str, object]:
    """What the numbers depend on."""
    packages = {}
    for name in ("msgspec", "aiohttp", "PyYAML", "structlog", "psutil", "prometheus_client"):
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "processor": _processor(),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000,
        "load": os.getloadavg()[0],
        "packages": packages,
    }


def table(benchmark: Benchmark, outcome: Outcome) -> Iterator[str]:
    """The outcome for people: a column for each metric, ratios of ours to each peer."""
    ours = next(c.name for c in benchmark.candidates if not c.is_peer)
    rows = [["", *(f"{metric.name} ({metric.unit})" for metric in benchmark.metrics)]]
    for candidate in benchmark.candidates:
        if candidate.name not in outcome:
            continue
        row = [candidate.name]
        for metric in benchmark.metrics:
            spread = outcome[candidate.name].get(metric.name)
            own = outcome.get(ours, {}).get(metric.name)
            row.append(_cell(spread, own if candidate.is_peer else None))
        rows.append(row)
    if any(metric.target for metric in benchmark.metrics):
        rows.append(["target", *(metric.target for metric in benchmark.metrics)])
    absent = [c.name for c in benchmark.candidates if c.name not in outcome]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    yield benchmark.title
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield f"  {'  '.join(cells).rstrip()}"
    if absent:
        yield f"  left out, not here: {', '.join(absent)}"


def as_json(benchmark: Benchmark, outcome: Outcome) -> dict[str, object]:
    """The outcome for programs."""
    ours = next(c.name for c in benchmark.candidates if not c.is_peer)
    peers = [c.name for c in benchmark.candidates if c.is_peer and c.name in outcome]
    return {
        "title": benchmark.title,
        "left_out": [c.name for c in benchmark.candidates if c.name not in outcome],
        "metrics": {
            metric.name: {
                "unit": metric.unit,
                "more_is_better": metric.more_is_better,
                "target": metric.target,
                "values": {
                    name: {"median": s.median, "p25": s.low, "p75": s.high}
                    for name, values in outcome.items()
                    if (s := values.get(metric.name)) is not None
                },
                "ratio_to": {
                    peer: outcome[ours][metric.name].median / outcome[peer][metric.name].median
                    for peer in peers
                    if metric.name in outcome.get(ours, {})
                    and outcome[peer].get(metric.name, Spread(0, 0, 0)).median
                },
            }
            for metric in benchmark.metrics
        },
    }


def _spread(values: list[float]) -> Spread:
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(statistics.median(values), low, high)


def _cell(spread: Spread | None, own: Spread | None) -> str:
    if spread is None:
        return "-"
    text = f"{spread.median:.4g} [{spread.low:.4g}-{spread.high:.4g}]"
    if own is not None and spread.median:
        text += f" (ours {own.median / spread.median:.2f}x)"
    return text


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
