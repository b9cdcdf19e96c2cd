"""Pods live in a scope of their own, so that they outlive the agent's service."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.machine import ROOT, Machine

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

UNIT, SCOPE = "scoped.service", "scoped-pods.scope"
STATE = "/var/tmp/scoped.json"


def unit(machine: Machine, policy: str, directory: str = "system") -> str:
    """The shipped unit with the smallest of agents in place of barepod."""
    shipped = (machine.root / f"etc/systemd/{directory}/barepod.service").read_text()
    python = Path(sys.prefix) / "bin" / "python"
    command = f"{python} {ROOT}/tests/systemd/scoped_agent.py"
    return shipped.replace(
        "ExecStart=/usr/bin/barepod agent",
        f"Environment=PYTHONPATH={ROOT} PYTHONDONTWRITEBYTECODE=1\n"
        f"ExecStart={command} {STATE} {policy}",
    ).replace("WatchdogSec=30", "WatchdogSec=0")


def install(machine: Machine, policy: str) -> None:
    machine.write(f"/etc/systemd/system/{UNIT}", unit(machine, policy))
    machine.run("systemctl", "daemon-reload")


@pytest.fixture
def scoped(booted: Machine) -> Iterator[Machine]:
    """The machine with such a service started; nothing of it is left afterwards."""
    install(booted, "keep")
    booted.run("systemctl", "start", UNIT)
    booted.until(lambda: len(booted.processes("2001")) == 3)
    yield booted
    booted.write(f"{STATE}.go", "")
    booted.run("systemctl", "stop", UNIT, check=False)
    booted.run("systemctl", "kill", "--signal=KILL", SCOPE, check=False)
    booted.until(lambda: not booted.processes("2001"))
    for file in (booted.root / "var/tmp").glob("scoped.json*"):
        file.unlink()


def pid_of(machine: Machine) -> int:
    return int(machine.show(UNIT)["MainPID"])


def said(machine: Machine) -> list[str]:
    return [entry["MESSAGE"] for entry in machine.journal(UNIT)]


def cgroups(machine: Machine, word: str) -> set[str]:
    texts = [machine.run("cat", f"/proc/{pid}/cgroup") for pid in machine.processes(word)]
    return {line[3:] for text in texts for line in text.splitlines() if line.startswith("0::")}


def test_the_pods_are_in_the_scope_and_only_the_agent_in_the_service(scoped: Machine) -> None:
    shown = scoped.show(SCOPE)

    assert (shown["ActiveState"], shown["Delegate"]) == ("active", "yes")
    assert shown["TasksMax"] == "infinity"
    assert UNIT in shown["Before"].split()
    assert shown["Slice"] == scoped.show(UNIT)["Slice"] == "system.slice"
    assert scoped.show(UNIT)["StatusText"] == f"/sys/fs/cgroup/system.slice/{SCOPE}"
    (cgroup,) = cgroups(scoped, "2001")
    assert cgroup.startswith(f"/system.slice/{SCOPE}/barepod-pods-")
    tasks = scoped.run("cat", f"/sys/fs/cgroup/system.slice/{UNIT}/cgroup.procs").split()
    assert tasks == [str(pid_of(scoped))]
    helpers = f"/sys/fs/cgroup/system.slice/{SCOPE}/barepod-agent/cgroup.procs"
    (helper,) = scoped.run("cat", helpers).split()
    assert "agent.host.helper" in scoped.run("ps", "-o", "args=", "-p", helper)


def test_pods_live_on_when_the_agent_is_killed_and_the_next_one_adopts_them(
    scoped: Machine,
) -> None:
    before = scoped.processes("2001")
    for _ in range(2):
        agent = pid_of(scoped)
        scoped.run("kill", "-KILL", str(agent))
        scoped.until(lambda: pid_of(scoped) not in (0, agent))  # noqa: B023 - called at once
        scoped.until(lambda: scoped.show(UNIT)["SubState"] == "running")

        assert scoped.processes("2001") == before

    assert said(scoped).count("adopted 3") == 2
    assert said(scoped).count("ended 0") == 2


def test_a_restart_that_keeps_leaves_the_pods_running(scoped: Machine) -> None:
    before = scoped.processes("2001")

    scoped.run("systemctl", "restart", UNIT)
    scoped.run("systemctl", "stop", UNIT)

    assert scoped.processes("2001") == before
    assert scoped.show(SCOPE)["ActiveState"] == "active"
    assert scoped.show(UNIT)["Result"] == "success"
    scoped.run("systemctl", "start", UNIT)
    assert scoped.processes("2001") == before


def test_with_the_last_pod_goes_the_scope(scoped: Machine) -> None:
    install(scoped, "terminate")
    scoped.run("systemctl", "restart", UNIT)  # the old life keeps, the new one terminates

    scoped.run("systemctl", "stop", UNIT)

    assert scoped.processes("2001") == []
    scoped.until(lambda: scoped.show(SCOPE)["LoadState"] == "not-found")


def test_at_shutdown_the_agent_ends_its_pods_before_systemd_does(scoped: Machine) -> None:
    install(scoped, "linger")
    scoped.run("systemctl", "restart", UNIT)
    pods = scoped.processes("2001")

    scoped.run("systemctl", "stop", "--no-block", UNIT, SCOPE)

    def job() -> str:
        lines = scoped.run("systemctl", "list-jobs").splitlines()
        return next((line.split()[-1] for line in lines if SCOPE in line), "")

    assert scoped.until(job) == "waiting"
    assert scoped.processes("2001") == pods
    scoped.write(f"{STATE}.go", "")
    scoped.until(lambda: scoped.show(UNIT)["ActiveState"] == "inactive")
    assert scoped.processes("2001") == []
    assert (scoped.root / f"{STATE}.end".lstrip("/")).read_text() == "bye\n"
    assert scoped.show(UNIT)["Result"] == "success"


def test_what_no_record_names_is_ended_before_a_new_scope_is_made(scoped: Machine) -> None:
    before = scoped.processes("2001")
    scoped.run("systemctl", "stop", UNIT)
    scoped.remove(STATE)

    scoped.run("systemctl", "start", UNIT)

    scoped.until(lambda: len(scoped.processes("2001")) == 3)
    assert not set(before) & set(scoped.processes("2001"))


def test_without_a_scope_the_agent_says_so_and_leaves_nothing(scoped: Machine) -> None:
    scoped.run("systemctl", "stop", UNIT)
    scoped.run("systemctl", "kill", "--signal=KILL", SCOPE)
    scoped.remove(STATE)
    drop_in = f"/etc/systemd/system/{UNIT}.d/path.conf"
    scoped.write(drop_in, "[Service]\nEnvironment=PATH=/nowhere\n")
    scoped.run("systemctl", "daemon-reload")
    try:
        scoped.run("systemctl", "start", UNIT)
        scoped.until(lambda: scoped.processes("2001"))
        scoped.run("systemctl", "stop", UNIT)
    finally:
        scoped.remove(drop_in)
        scoped.run("systemctl", "daemon-reload")

    (told,) = [text for text in said(scoped) if "no scope for its pods" in text]
    assert f"systemd gives {UNIT} no scope for its pods: " in told
    assert scoped.processes("2001") == []


def test_the_pods_of_an_ordinary_users_agent_have_a_scope_as_well(scoped: Machine) -> None:
    (scoped.root / "root").chmod(0o711)  # an interpreter may lie below
    scoped.run("systemctl", "stop", UNIT)
    scoped.run("systemctl", "kill", "--signal=KILL", SCOPE)
    scoped.until(lambda: not scoped.processes("2001"))
    scoped.run("useradd", "--create-home", "--uid", "4712", "bob")
    scoped.run("systemctl", "start", "user@4712.service")
    text = unit(scoped, "keep", "user").replace(STATE, "%h/scoped.json")
    scoped.write(f"/etc/systemd/user/{UNIT}", text)
    as_bob = ("setpriv", "--reuid=4712", "--regid=4712", "--clear-groups", "env")
    user = (*as_bob, "HOME=/home/bob", "XDG_RUNTIME_DIR=/run/user/4712", "systemctl", "--user")
    scoped.run(*user, "start", UNIT)
    scoped.until(lambda: len(scoped.processes("2001")) == 3)
    before = scoped.processes("2001")

    scoped.run(*user, "restart", UNIT)

    assert scoped.processes("2001") == before
    (cgroup,) = cgroups(scoped, "2001")
    assert f"/user@4712.service/app.slice/{SCOPE}/barepod-pods-" in cgroup
    scoped.run(*user, "stop", UNIT)
    scoped.run(*user, "stop", SCOPE)
    assert scoped.processes("2001") == []
    scoped.run("systemctl", "stop", "user@4712.service")
