"""Starting, reloading and stopping the real agent."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.integration.agent.test_manifests import sleeper
from tests.support import barepod, service
from tests.support.barepod import Setup, container, hook, pod, probe, sh
from tests.support.service import Agent

pytestmark = pytest.mark.integration

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_a_stop_gives_every_pod_its_hook_and_its_grace(agent: Agent, place: Path) -> None:
    script = f"trap 'echo term >> {place}/said; exit 0' TERM; while :; do sleep 0.05; done"
    before = hook(f"echo hook >> {place}/said")
    one = pod(sh(script, lifecycle={"preStop": before}), terminationGracePeriodSeconds=20)
    agent.write("p.json", one)
    agent.until_told("pod is ready")
    agent.run.signal(signal.SIGTERM)

    assert agent.run.wait() == 0
    assert (place / "said").read_text() == "hook\nterm\n"


def test_pods_of_low_priority_end_first(agent: Agent) -> None:
    slow = sh("trap 'sleep 0.3; exit 0' TERM; while :; do sleep 0.05; done")
    for name, priority in (("high", 100), ("low", -1), ("none", None)):
        agent.write(f"{name}.json", pod(slow, name=name, priority=priority))
    agent.until_told("pod is ready", 3)
    agent.run.signal(signal.SIGTERM)
    assert agent.run.wait() == 0

    steps = [
        (line["pod"].removeprefix("default/"), line["event"])
        for line in agent.log()
        if line["event"] in ("pod is terminating", "pod is gone")
    ]
    assert steps == [
        (name, event)
        for name in ("low", "none", "high")
        for event in ("pod is terminating", "pod is gone")
    ]


def test_a_second_signal_shortens_grace(agent: Agent) -> None:
    agent.write("p.json", pod(sh("trap '' TERM; sleep 1000"), terminationGracePeriodSeconds=600))
    agent.until_told("pod is ready")
    agent.run.signal(signal.SIGTERM)
    agent.until_told("pod is terminating", grace_seconds=600)
    agent.run.signal(signal.SIGTERM)
    agent.until_told("asked again to stop: grace is shortened")

    assert agent.run.wait() == 0
    assert agent.log("container ended")[-1]["exit_code"] == 137


def test_a_third_signal_kills_at_once(agent: Agent) -> None:
    agent.write("p.json", pod(sh("trap '' TERM; sleep 1000"), terminationGracePeriodSeconds=600))
    agent.until_told("pod is ready")
    for said in ("agent stops", "grace is shortened", "everything is killed"):
        agent.run.signal(signal.SIGTERM)
        agent.until_told(said)

    assert agent.run.wait() == 0


def test_nothing_starts_while_the_agent_stops(agent: Agent) -> None:
    slow = sh("trap 'sleep 0.5; exit 0' TERM; while :; do sleep 0.05; done")
    agent.write("p.json", pod(slow, terminationGracePeriodSeconds=20))
    agent.until_told("pod is ready")
    agent.run.signal(signal.SIGTERM)
    agent.until_told("agent stops")
    agent.write("late.json", sleeper(1101, "late"))

    assert agent.run.wait() == 0
    assert agent.log("container runs", pod="default/late") == []


def config_of(place: Path) -> Path:
    return place / "barepod.toml"


def test_a_reload_takes_over_images_at_once_and_the_level_of_the_log(
    agent: Agent, place: Path
) -> None:
    lazy = container(name="c")
    del lazy["command"]
    agent.write("p.json", pod({**lazy, "image": "lazy:1"}, restartPolicy="Always"))
    agent.until_told("container waits", reason="ErrImagePull")
    assert agent.log(level="debug") == []
    text = config_of(place).read_text()
    config_of(place).write_text(
        f'{text}\n[log]\nlevel = "debug"\n[images.lazy]\ncmd = ["sleep", "1102"]\n'
    )
    agent.run.signal(signal.SIGHUP)

    agent.until(lambda: agent.running("1102"))
    agent.until_told("Started container c", level="debug")


def test_a_reload_of_a_broken_configuration_changes_nothing(agent: Agent, place: Path) -> None:
    agent.write("p.json", sleeper(1103))
    before = agent.until(lambda: agent.running("1103"))
    text = config_of(place).read_text()
    config_of(place).write_text(text.replace("[crash_loop]", "[crash_lop]"))
    agent.run.signal(signal.SIGHUP)
    agent.until_told("crash_lop: unknown key (did you mean crash_loop?)", level="error")

    assert agent.running("1103") == before


def test_what_a_reload_cannot_change_is_told(agent: Agent, place: Path) -> None:
    text = config_of(place).read_text()
    config_of(place).write_text(text.replace('name = "vm"', 'name = "other"'))
    agent.run.signal(signal.SIGHUP)

    line = agent.until_told("sections take effect at the next start")
    assert line["sections"] == "node"


def test_a_second_agent_on_the_same_state_is_refused(agent: Agent, place: Path) -> None:
    setup = Setup(output="text", node={"manifest_dir": str(agent.manifests)})
    with barepod.command(place, ["agent"], setup) as second:
        assert second.wait() == 2
        assert f"another agent (pid {agent.run.pid}) uses the state directory" in second.stderr


@as_root
def test_root_refuses_a_configuration_that_others_may_write(place: Path) -> None:
    config_of(place).touch()
    config_of(place).chmod(0o666)
    with barepod.command(place, ["agent"], Setup(output="text")) as run:
        assert run.wait() == 2
        assert "can be written by others than root" in run.stderr


@as_root
def test_root_refuses_manifests_of_others_and_runs_the_rest(agent: Agent) -> None:
    (agent.manifests / "bad.json").write_text("{}")
    os.chown(agent.manifests / "bad.json", 1000, 1000)
    agent.until_told("bad.json:1: belongs to user 1000, not to root: refused")
    agent.write("p.json", sleeper(1104))

    agent.until(lambda: agent.running("1104"))


def test_an_agent_that_stood_still_for_a_while_restarts_nothing(agent: Agent) -> None:
    healthy = probe("true", failureThreshold=1, timeoutSeconds=1)
    given = container("sleep", "1106", livenessProbe=healthy, readinessProbe=healthy)
    agent.write("p.json", pod(given, restartPolicy="Always"))
    agent.until_told("pod is ready")
    before = agent.running("1106")
    agent.run.signal(signal.SIGSTOP)
    time.sleep(3)  # what is tested: three periods and timeouts pass without it
    agent.run.signal(signal.SIGCONT)
    agent.write("q.json", sleeper(1107, "q"))
    agent.until(lambda: agent.running("1107"))

    assert agent.running("1106") == before
    assert agent.log("container ended") == []
    assert agent.log("pod is not ready") == []


def test_the_service_manager_is_told_of_every_step(place: Path) -> None:
    address = f"@barepod-agent-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{address[1:]}")
        manager.settimeout(10)
        service.write(place / "manifests", "p.json", sleeper(1105))

        def until(wanted: str) -> str:
            while wanted not in (text := manager.recv(4096).decode()):
                pass
            return text

        environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}
        with service.starting(place, Setup(environ=environ)) as agent:
            assert manager.recv(100) == b"WATCHDOG=1"
            assert until("READY=1").startswith("READY=1\nSTATUS=1 pod, ")
            until("STATUS=1 pod, 1 ready")
            until("WATCHDOG=1")
            agent.run.signal(signal.SIGHUP)
            until("RELOADING=1\nMONOTONIC_USEC=")
            until("READY=1")
            agent.run.signal(signal.SIGTERM)
            until("STOPPING=1\nSTATUS=stopping")
            until("EXTEND_TIMEOUT_USEC=")
            assert agent.run.wait() == 0


def test_no_container_learns_of_the_service_managers_socket(place: Path) -> None:
    environ = {"NOTIFY_SOCKET": "@nobody"}
    with service.agent(place, Setup(environ=environ)) as agent:
        agent.write("p.json", pod(sh("env; sleep 1000")))
        agent.until_told("container runs")
        agent.until(lambda: list(agent.run.log_dir.glob("*/c/0.log")))
        (file,) = agent.run.log_dir.glob("*/c/0.log")
        agent.until(lambda: "PATH=" in file.read_text())

        assert "NOTIFY_SOCKET" not in file.read_text()
