"""A `barepod agent` of its own with many pods: prepared, started, watched, ended.

It lies below the user's cache, on a disk as usual, and its run directory in memory (places.py).
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.framework import pss_kib
from bench.supervisors import below
from bench.support.cpu import used_by
from bench.support.places import cache, memory

_PATIENCE = 100.0
_POLL = 0.005
_MAIN = "sleep"
_SEEN = "lateness.json"
Pod = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """The directories of one agent; `metrics` and `api` are addresses of listeners, or empty."""

    path: Path
    run: Path
    config: Path
    wanted: int
    metrics: str
    api: str

    def lateness(self, begun: float, ended: float) -> list[float]:
        """How late (ms) the probes were that began between two moments (monotonic).

        To be asked when the agent has ended.
        """
        seen = json.loads((self.path / _SEEN).read_text())
        return [late for moment, late in seen if begun <= moment < ended]

    def scrape(self) -> Scrape:
        """What the agent has counted so far."""
        with urllib.request.urlopen(f"http://{self.metrics}/metrics", timeout=20) as answer:
            return Scrape(answer.read().decode())


@dataclass(frozen=True)
class Scrape:
    """The text that Prometheus would get."""

    text: str

    def total(self, name: str, labels: str = "") -> float:
        """The sum of all samples of a name whose labels contain this text."""
        found = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", self.text, re.MULTILINE)
        return sum(float(value) for have, value in found if labels in have)


@contextmanager
def place(
    pods: Iterable[Pod], *, metrics: bool = False, api: bool = False, settings: str = ""
) -> Iterator[Place]:
    """Directories, configuration with some further `settings`, and manifests; gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="agent-", dir=cache()) as name,
        tempfile.TemporaryDirectory(prefix="barepod-bench-", dir=memory()) as run_dir,
    ):
        path, run = Path(name), Path(run_dir)
        for place in (path, run):
            place.chmod(0o755)
        listen = f"127.0.0.1:{_free_port()}" if metrics else ""
        address = f"127.0.0.1:{_free_port()}" if api else ""
        manifests = path / "manifests"
        manifests.mkdir(mode=0o755)
        wanted = 0
        for pod in pods:
            wanted += len(pod["spec"]["containers"])
            (manifests / f"{pod['metadata']['name']}.json").write_text(json.dumps(pod))
        config = path / "barepod.toml"
        config.write_text(
            "[node]\n"
            f'manifest_dir = "{manifests}"\nstate_dir = "{path}/state"\n'
            f'log_dir = "{path}/logs"\nrun_dir = "{run}"\n'
            f'[api]\nlisten = "{address}"\n[health]\nlisten = "{listen}"\n{settings}'
        )
        yield Place(path, run, config, wanted, listen, address)


def sleeper(name: str) -> Pod:
    """A pod that does nothing."""
    return pod(name, {"name": "c", "command": [_MAIN, "infinity"]})


def pod(name: str, *containers: Mapping[str, Any], **spec: Any) -> Pod:
    """A manifest; containers get an image that nobody looks at."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": [{"image": "i", **container} for container in containers],
            **spec,
        },
    }


class Agent:
    """A running agent."""

    def __init__(self, where: Place, process: subprocess.Popen[bytes]) -> None:
        self._place = where
        self._process = process
        self._begun = time.monotonic()

    def all_run(self, wanted: int | None = None) -> float:
        """Wait until so many main processes are seen to run; seconds since the start."""
        count = self._place.wanted if wanted is None else wanted
        self.until(lambda: len(mains(self._place)) >= count)
        return time.monotonic() - self._begun

    def until(self, fact: Callable[[], bool]) -> None:
        """Look ever again, for no more than a tenth of the time."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            begun = time.monotonic()
            if fact():
                return
            if begun > deadline or self._process.poll() is not None:
                raise TimeoutError("the agent did not get that far")
            time.sleep(max(_POLL, (time.monotonic() - begun) * 10))

    def own(self) -> list[int]:
        """The agent and its helpers."""
        pid = self._process.pid
        return [pid, *(child for child in below(pid) if _is_helper(child))]

    def cpu(self) -> float:
        """Microseconds of CPU of the agent and its helpers so far."""
        return sum(map(used_by, self.own()))

    def wakes(self) -> int:
        """Voluntary switches so far, over all threads of the agent and its helpers."""
        return sum(
            int(line.split()[1])
            for pid in self.own()
            for thread in Path(f"/proc/{pid}/task").iterdir()
            for line in (thread / "status").read_text().splitlines()
            if line.startswith("voluntary_ctxt_switches")
        )

    def memory(self) -> float:
        """MB, the proportional shares of the agent and its helpers."""
        return sum(map(pss_kib, self.own())) * 1024 / 1_000_000

    def kill(self) -> None:
        """As the kernel would."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> float:
        """Ask it to end, wait until it has; seconds."""
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(_PATIENCE)
        return time.monotonic() - begun


@contextmanager
def agent(where: Place, *, is_observed: bool = True) -> Iterator[Agent]:
    """An agent that has read its manifests; without an observer there is no `lateness`."""
    observer = ("bench.support.observed", str(where.path / _SEEN))
    program = observer if is_observed else ("agent",)
    log = where.path / f"agent.{time.monotonic_ns()}.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                *program,
                "agent",
                "--config",
                str(where.config),
            ],
            stdout=stream,
            stderr=stream,
        )
    running = Agent(where, process)
    try:
        running.until(lambda: '"agent is ready"' in log.read_text())
        yield running
    except BaseException:
        sys.stderr.write("".join(log.read_text().splitlines(keepends=True)[-20:]))
        raise
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE)


def mains(where: Place) -> set[int]:
    """The sleepers of this place: their output leads into it."""
    return {pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _is(pid, where)}


def _is(pid: int, where: Place) -> bool:
    try:
        with open(f"/proc/{pid}/comm") as comm:
            if comm.read() != f"{_MAIN}\n":
                return False
        return str(where.run) in os.readlink(f"/proc/{pid}/fd/1")
    except OSError:
        return False


def _is_helper(pid: int) -> bool:
    try:
        return b"agent.host.helper" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
