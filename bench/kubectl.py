"""What does kubectl wait for: lists, single objects, news of a watch, and the whole command?

A real `barepod agent` with real pods, over TLS with a bearer token, as kubectl comes.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import time
from contextlib import ExitStack
from functools import partial

from bench.framework import Benchmark, Candidate, Metric, Values, percentile
from bench.support.agents import agent, place, sleeper
from bench.support.wire import JSON, PODS, TABLE, Client, Crowd, Wire

_PODS = 500
#: What a kubelet takes at most unless it is told otherwise (maxPods).
_NODE = 110
_LISTS, _GETS = 40, 200
_CHANGES = 100
_COMMANDS = 20
_SETTLES = 2.0
_STRATEGIC = "application/strategic-merge-patch+json"


def benchmarks() -> tuple[Benchmark, ...]:
    """Lists and the whole command; watches."""
    return (
        Benchmark(
            "GET pods and kubectl against an agent with so many running pods",
            (
                Metric("table", "ms", target="500: at most 30"),
                Metric("list", "ms"),
                Metric("one pod", "ms", target="at most 2"),
                Metric("kubectl get pods", "ms"),
                Metric("kubectl version", "ms"),
                Metric("get : version", "x", target="110: at most 1.3"),
            ),
            tuple(Candidate(f"{n} pods", partial(asked, n)) for n in (_PODS, _NODE, 10)),
            rounds=2,
        ),
        Benchmark(
            f"{_CHANGES} changes of a pod's status before so many watchers, one after the other",
            (
                Metric("p50", "ms from PATCH to line"),
                Metric("p99", "ms", target="100: at most 20"),
                Metric("each to each", "us CPU of the agent"),
                Metric("memory", "MB when idle", target="100: at most 10"),
            ),
            tuple(Candidate(f"{n} watchers", partial(watched, n)) for n in (100, 1)),
            rounds=2,
        ),
    )


def asked(pods: int) -> Values:
    """Warm lists and gets over one kept connection; whole commands in turn."""
    with (
        place((sleeper(f"p{number}") for number in range(pods)), api=True) as where,
        agent(where) as running,
    ):
        running.all_run()
        time.sleep(_SETTLES)
        wire = Wire(where)
        with wire.client() as client:
            client.times(PODS, TABLE, 3)
            rows = len(json.loads(client.get(PODS, TABLE))["rows"])
            if rows != pods:
                raise RuntimeError(f"{rows} rows for {pods} pods")
            values = {
                "table": statistics.median(client.times(PODS, TABLE, _LISTS)),
                "list": statistics.median(client.times(PODS, JSON, _LISTS)),
                "one pod": statistics.median(client.times(f"{PODS}/p0", JSON, _GETS)),
            }
        return {**values, **_commands(wire)}


def watched(watchers: int) -> Values:
    """Watchers come, rest, and hear of a status that a client patches."""
    with (
        place([sleeper("p0")], api=True) as where,
        agent(where) as running,
        ExitStack() as streams,
    ):
        running.all_run()
        wire = Wire(where)
        client = streams.enter_context(wire.client())
        watch = f"{PODS}?watch=1&resourceVersion={client.version()}"
        with wire.stream(watch):
            time.sleep(_SETTLES)
        before = running.memory()
        opened = [streams.enter_context(wire.stream(watch)) for _ in range(watchers)]
        time.sleep(_SETTLES)
        memory = running.memory() - before
        cpu = running.cpu()
        late = _changes(client, Crowd(opened))
        cpu = running.cpu() - cpu
    return {
        "p50": percentile(late, 50),
        "p99": percentile(late, 99),
        "each to each": cpu / len(late),
        "memory": memory,
    }


def _changes(client: Client, crowd: Crowd) -> list[float]:
    """Milliseconds from each request to each line of it."""
    late: list[float] = []
    for number in range(_CHANGES):
        reason = f"changed-{number}-times"
        condition = {"type": "bench/changed", "status": "True", "reason": "Changed"}
        body = json.dumps({"status": {"conditions": [{**condition, "message": reason}]}})
        begun = time.perf_counter()
        client.ask("PATCH", f"{PODS}/p0/status", body, Content_Type=_STRATEGIC)
        late += [(came - begun) * 1000 for came in crowd.wait(reason.encode())]
        client.answer()
    crowd.close()
    return late


def _commands(wire: Wire) -> Values:
    """Whole processes, after one of each that fills kubectl's cache; nothing without kubectl."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return {}
    folder = wire.kubeconfig.parent
    environ = {**os.environ, "HOME": str(folder), "KUBECONFIG": str(wire.kubeconfig)}
    words = {"kubectl get pods": ("get", "pods"), "kubectl version": ("version",)}
    spent: dict[str, list[float]] = {name: [] for name in words}
    for _ in range(_COMMANDS + 1):
        for name in random.sample(list(words), len(words)):
            begun = time.perf_counter()
            command = [kubectl, *words[name]]
            # The end of its output is waited for; its exit would be looked for every 50 ms.
            subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True, timeout=20)
            spent[name].append((time.perf_counter() - begun) * 1000)
    median = {name: statistics.median(values[1:]) for name, values in spent.items()}
    return {**median, "get : version": median["kubectl get pods"] / median["kubectl version"]}
