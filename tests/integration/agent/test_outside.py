"""What the real agent tells those outside: health, readiness, metrics, HAProxy."""

from __future__ import annotations

import http.client
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support import service
from tests.support.barepod import Fields, Setup, container, pod, probe, sh
from tests.support.haproxy import free_port
from tests.support.service import Agent

pytestmark = pytest.mark.integration

_BOUND = 10.0


@dataclass
class Outside:
    """An agent and its listeners."""

    agent: Agent
    health: int
    agent_check: int

    def ask(self, path: str) -> tuple[int, str]:
        """A GET of the health listener; status 0 while nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.health, timeout=_BOUND)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except ConnectionError:
            return 0, ""
        finally:
            connection.close()

    def check(self, line: str) -> str:
        """One agent check."""
        with socket.create_connection(("127.0.0.1", self.agent_check), _BOUND) as sock:
            sock.sendall(f"{line}\n".encode())
            return sock.makefile().read()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name that have these labels; nothing is 0."""
        families: list[Metric] = list(text_string_to_metric_families(self.ask("/metrics")[1]))
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


def addresses() -> Setup:
    return Setup(health=f"127.0.0.1:{free_port()}", agent_check=f"127.0.0.1:{free_port()}")


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@pytest.fixture
def outside(place: Path) -> Iterator[Outside]:
    setup = addresses()
    with service.agent(place, setup) as agent:
        yield Outside(agent, port_of(setup.health), port_of(setup.agent_check))


def draining(script: str, seconds: str, **fields: Any) -> Fields:
    manifest = pod(sh(script, **fields))
    manifest["metadata"]["annotations"] = {"barepod.dev/drain-seconds": seconds}
    return manifest


def test_the_agent_is_well(outside: Outside) -> None:
    assert outside.ask("/healthz") == (200, "ok\n")
    assert outside.ask("/livez") == (200, "ok\n")
    assert outside.ask("/readyz") == (503, "no pods\n")


def test_a_pod_is_ready_then_drained_then_gone(outside: Outside, place: Path) -> None:
    ready = probe(f"test -e {place}/up")
    outside.agent.write("p.json", draining("exec sleep 1000", "1", readinessProbe=ready))
    outside.agent.until_told("container runs")
    status, body = outside.ask("/readyz/default/p")
    assert (status, outside.check("default/p")) == (503, "down\n")
    assert "default/p: container c: running, not ready" in body

    (place / "up").touch()
    outside.agent.until(lambda: outside.ask("/readyz/default/p")[0] == 200)
    assert outside.ask("/readyz") == outside.ask("/readyz/default/p/c") == (200, "ok\n")
    assert outside.check("default/p") == "up ready\n"

    outside.agent.remove("p.json")
    outside.agent.until_told("pod is terminating")
    assert outside.ask("/readyz/default/p") == (503, "default/p: terminating\n")
    assert outside.check("default/p") == "drain\n"
    assert outside.agent.running("1000")

    outside.agent.until_told("pod is gone")
    assert outside.ask("/readyz/default/p")[0] == 404
    assert outside.check("default/p") == "down\n"


def test_pods_are_drained_when_the_agent_stops(outside: Outside) -> None:
    outside.agent.write("p.json", draining("exec sleep 1000", "1"))
    outside.agent.until_told("pod is ready")
    outside.agent.run.signal(signal.SIGTERM)
    outside.agent.until_told("pod is terminating")

    assert outside.check("default/p") == "drain\n"
    assert outside.agent.run.wait() == 0


def test_metrics_tell_what_containers_do_and_use(outside: Outside) -> None:
    burn = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exec sleep 1000"
    alive = probe("true")
    outside.agent.write(
        "a.json", pod(sh(burn, livenessProbe=alive, readinessProbe=alive), name="a")
    )
    outside.agent.write(
        "b.json",
        pod(container("false"), name="b", restartPolicy="Always"),
    )
    outside.agent.until(lambda: outside.metric("container_cpu_usage_seconds_total", pod="a") > 0.05)
    outside.agent.until(lambda: outside.metric("barepod_container_restarts_total", pod="b") >= 2)
    outside.agent.until(
        lambda: outside.metric("prober_probe_total", pod="a", probe_type="Liveness") >= 1
    )

    assert outside.metric("container_memory_rss", pod="a") > 100_000
    assert outside.metric("container_file_descriptors", pod="a") >= 3
    # A probe's command counts too, for as long as it runs.
    outside.agent.until(lambda: outside.metric("container_processes", pod="a") == 1)
    assert outside.metric("kubelet_started_containers_total", container_type="container") >= 4
    assert outside.metric("barepod_pods", phase="Running", ready="true") == 1
    assert outside.metric("barepod_probe_lateness_seconds_count") >= 2
    assert outside.metric("barepod_event_loop_lag_seconds_count") >= 1
    assert outside.metric("process_resident_memory_bytes") > 1_000_000


def test_a_port_in_use_is_told_and_pods_run_anyway(place: Path) -> None:
    setup = addresses()
    with socket.create_server(("127.0.0.1", port_of(setup.health))):
        with service.agent(place, setup) as agent:
            outside = Outside(agent, port_of(setup.health), port_of(setup.agent_check))
            told = agent.until_told("health: cannot listen on 127.0.0.1:")
            assert told["event"].endswith(f" (pid {os.getpid()})")
            agent.write("p.json", pod(sh("exec sleep 1000")))
            agent.until_told("pod is ready")
            assert outside.check("default/p") == "up ready\n"


def test_a_directory_that_cannot_be_read_keeps_the_agent_from_being_well(place: Path) -> None:
    setup = addresses()
    (place / "manifests").rmdir()
    with service.starting(place, setup) as agent:
        outside = Outside(agent, port_of(setup.health), port_of(setup.agent_check))
        agent.until(lambda: outside.ask("/livez")[0] == 200)
        agent.until_told("agent is ready")
        assert outside.ask("/healthz") == (
            503,
            "the manifest directory has not been read yet\n",
        )
        service.make_directory(place)
        agent.until(lambda: outside.ask("/healthz")[0] == 200)


def test_an_annotation_that_cannot_be_used_hurts_nobody(outside: Outside) -> None:
    outside.agent.write("p.json", draining("exec sleep 1000", "soon"))
    outside.agent.until(lambda: outside.ask("/readyz/default/p")[0] == 200)
    outside.agent.remove("p.json")
    outside.agent.until_told("pod is gone")
