"""The flows that every tutorial shows: dependencies, probes, hooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import SERVES, Space, manifest
from tests.support.haproxy import free_port

pytestmark = pytest.mark.integration


def _waits_for(file: Path) -> dict[str, Any]:
    script = f"until [ -e {file} ]; do sleep 0.05; done; echo found {file.name}"
    return {"name": f"wait-for-{file.name}", "image": "busybox", "command": ["sh", "-c", script]}


def test_a_pod_waits_for_what_it_depends_on(space: Space, tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("service", "database", "own"))
    text = manifest(
        f"until [ -e {third} ]; do sleep 0.05; done; {SERVES}",
        initContainers=[_waits_for(first), _waits_for(second)],
        container={"readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 1}},
    )
    file = tmp_path / "pod-initcontainer.yaml"
    file.write_text(json.dumps(text))

    assert space.does("create", "-f", str(file)) == "pod/web created\n"
    with space.following("get", "pods", "-w") as watch:
        watch.until_line("Init:0/2")
        first.touch()
        watch.until_line("Init:1/2")
        second.touch()
        watch.until_line("PodInitializing")
        third.touch()
        watch.until(lambda lines: "1/1" in lines[-1].split())

    assert watch.lines[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    words = [line.split()[1:4] for line in watch.lines[1:]]
    stages = [row for before, row in zip([[], *words], words, strict=False) if row != before]
    assert stages == [
        ["0/1", "Init:0/2", "0"],
        ["0/1", "Init:1/2", "0"],
        ["0/1", "PodInitializing", "0"],
        ["0/1", "Running", "0"],
        ["1/1", "Running", "0"],
    ]
    said = space.does("logs", "web", "--all-containers")
    assert set(said.splitlines()) == {"found service", "found database"}
    told = space.does("describe", "pod", "web")
    assert "Reason:       Completed" in told
    assert space.reasons() == ["Scheduled", *(["Pulled", "Created", "Started"] * 3)]


def _probe(kind: str) -> dict[str, Any]:
    port = free_port()
    probes: dict[str, dict[str, Any]] = {
        "exec": {"exec": {"command": ["sh", "-c", "echo broken; exit 1"]}},
        "tcp": {"tcpSocket": {"port": port}},
        "http": {"httpGet": {"port": port, "path": "/healthz"}},
    }
    return probes[kind]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("exec", "Liveness probe failed: broken"),
        ("tcp", "connect: connection refused"),
        ("http", '/healthz": dial tcp 127.0.0.1:'),
    ],
)
def test_a_liveness_probe_restarts_until_the_restarts_wait(
    space: Space, kind: str, message: str
) -> None:
    liveness = {**_probe(kind), "periodSeconds": 1, "failureThreshold": 1}
    space.create(manifest(container={"livenessProbe": liveness}, terminationGracePeriodSeconds=1))

    with space.following("get", "pod", "web", "-w", "--no-headers") as watch:
        watch.until_line("CrashLoopBackOff")
        watch.until(lambda lines: int(lines[-1].split()[3]) >= 2)

    told = space.does("describe", "pod", "web")
    assert "Last State:     Terminated" in told
    unhealthy = next(line for line in told.splitlines() if "Unhealthy" in line)
    assert unhealthy.split()[0] == "Warning"
    assert message in unhealthy
    assert "Container main failed liveness probe, will be restarted" in told
    assert "Back-off restarting failed container main in pod web_" in told
    assert {"Unhealthy", "Killing", "BackOff"} <= set(space.reasons())


def test_hooks_run_and_are_seen(space: Space, tmp_path: Path) -> None:
    started, stopping = tmp_path / "started", tmp_path / "stopping"
    lifecycle = {
        "postStart": {"exec": {"command": ["touch", str(started)]}},
        "preStop": {"exec": {"command": ["touch", str(stopping)]}},
    }
    space.run(container={"lifecycle": lifecycle})

    assert started.exists()
    assert not stopping.exists()
    assert space.does("delete", "pod", "web") == 'pod "web" deleted\n'
    assert stopping.exists()
    assert space.reasons()[-1] == "Killing"


def test_a_hook_that_fails_is_told(space: Space) -> None:
    command = ["sh", "-c", "echo no; exit 7"]
    lifecycle = {"postStart": {"exec": {"command": command}}}
    space.create(manifest(container={"lifecycle": lifecycle}))

    space.until(lambda: "FailedPostStartHook" in space.reasons())

    assert "PostStartHook failed" in space.does("get", "events")


def test_what_crashes_is_started_again(space: Space, tmp_path: Path) -> None:
    space.create(manifest(f"echo x >> {tmp_path}/runs; exit 3"))

    with space.following("get", "pods", "-w", "--no-headers") as watch:
        watch.until_line("CrashLoopBackOff")
        watch.until_line(" Error ")
        watch.until(lambda lines: int(lines[-1].split()[3]) >= 2)

    assert len((tmp_path / "runs").read_text().split()) >= 3
    last = space.get("pod", "web")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (3, "Error")
    assert space.does("logs", "web", "--previous") == ""


def test_a_job_ends(space: Space) -> None:
    space.create(manifest("echo done", restartPolicy="Never"))

    waited = space.does("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/web")

    assert waited == "pod/web condition met\n"
    assert space.row()[:4] == ["web", "0/1", "Completed", "0"]
    assert space.does("logs", "web") == "done\n"


def test_a_probe_is_explained(space: Space) -> None:
    told = space.does("explain", "pod.spec.containers.livenessProbe")

    assert told.startswith("KIND:       Pod\nVERSION:    v1\n\nFIELD: livenessProbe <Probe>\n")
    for field in ("exec\t<ExecAction>", "periodSeconds\t<integer>", "httpGet\t<HTTPGetAction>"):
        assert f"  {field}\n" in told
    assert "Asks whether the container still works." in told
    assert "<no description>" not in told
