"""What does `barepod agent` with a hundred pods need: to boot, to rest, to be taken over?

Candidates are numbers of pods, so that anything that grows faster than they do is seen.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.framework import Benchmark, Candidate, Metric, Values, pss_kib
from bench.supervisors import below

_PATIENCE = 60.0
_QUIET = 20.0
_SETTLES = 4.0
_POLL = 0.002


def benchmarks() -> tuple[Benchmark, ...]:
    """Boot, rest and adoption."""
    counts = (100, 10, 300)
    return (
        Benchmark(
            "an agent with so many pods `sleep infinity`, no probes",
            (
                Metric("boot", "s to all running", target="100: at most 3"),
                Metric("adoption", "s after kill -9", target="100: at most 2"),
                Metric("memory", "MB PSS", target="100: at most 60"),
                Metric("idle CPU", "% of a core", target="100: at most 0.1"),
                Metric("wake-ups", "1/s", target="at most 1"),
            ),
            tuple(Candidate(f"{count} pods", partial(lives, count)) for count in counts),
            rounds=3,
        ),
    )


def lives(count: int) -> Values:
    """One agent boots them all, rests, dies; the next one takes over."""
    with tempfile.TemporaryDirectory(prefix="barepod-bench-") as name:
        place = Path(name)
        config = _prepare(place, count)
        with _agent(place, config) as (agent, boot):
            time.sleep(_SETTLES)
            before = _used(agent)
            time.sleep(_QUIET)
            cpu, wakes = (after - was for after, was in zip(_used(agent), before, strict=True))
            memory = sum(map(pss_kib, _own(agent))) * 1024 / 1_000_000
            mains = _mains(place)
            os.kill(agent, signal.SIGKILL)
            with _agent(place, config) as (_, adoption):
                if _mains(place) != mains:
                    raise AssertionError("a main process was started again")
        return {
            "boot": boot,
            "adoption": adoption,
            "memory": memory,
            "idle CPU": cpu / _QUIET * 100,
            "wake-ups": wakes / _QUIET,
        }


def _prepare(place: Path, count: int) -> Path:
    manifests = place / "manifests"
    manifests.mkdir(mode=0o755)
    place.chmod(0o755)
    for number in range(count):
        spec = {
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "c", "image": "i", "command": ["sleep", "infinity"]}],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{number}"}, "spec": spec}
        (manifests / f"p{number}.json").write_text(json.dumps(pod))
    names = {name: str(place / name) for name in ("manifests", "state", "logs", "run")}
    config = place / "barepod.toml"
    config.write_text(
        "[node]\n"
        f'manifest_dir = "{names["manifests"]}"\nstate_dir = "{names["state"]}"\n'
        f'log_dir = "{names["logs"]}"\nrun_dir = "{names["run"]}"\n'
        f'[api]\nlisten = ""\n[health]\nlisten = ""\n'
    )
    return config


@contextmanager
def _agent(place: Path, config: Path) -> Iterator[tuple[int, float]]:
    """An agent from its exec until every pod is seen to run; its pid and the seconds."""
    wanted = len(list((place / "manifests").iterdir()))
    log = place / f"agent.{time.monotonic_ns()}.log"
    begun = time.monotonic()
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "agent", "--config", str(config)],
            stdout=stream,
            stderr=stream,
        )
    try:
        _until(lambda: '"agent is ready"' in log.read_text(), process)
        _until(lambda: len(_mains(place)) == wanted, process)
        yield process.pid, time.monotonic() - begun
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE)


def _until(fact: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not fact():
        if time.monotonic() > deadline or process.poll() is not None:
            raise TimeoutError("the agent did not get that far")
        time.sleep(_POLL)


def _mains(place: Path) -> set[int]:
    """The sleepers of this place: their output leads into it."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "comm").read_text() == "sleep\n" and str(place) in os.readlink(
                entry / "fd/1"
            ):
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def _own(agent: int) -> list[int]:
    """The agent and its helpers."""
    return [agent, *(pid for pid in below(agent) if _is_helper(pid))]


def _is_helper(pid: int) -> bool:
    try:
        return b"agent.host.helper" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _used(agent: int) -> tuple[float, float]:
    """CPU seconds and voluntary switches so far, over all threads of the agent and its helper."""
    cpu, switches = 0.0, 0
    for pid in _own(agent):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            cpu += int((thread / "schedstat").read_text().split()[0]) / 1e9
            for line in (thread / "status").read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    switches += int(line.split()[1])
    return cpu, switches
