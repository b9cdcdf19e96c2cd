"""`barepod agent` as a service of a real systemd."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.systemd.machine import Machine, boot

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

MANIFESTS = "/etc/barepod/manifests"


def pod(name: str, *command: str, **spec: Any) -> str:
    """A manifest of a pod with one container."""
    container: dict[str, Any] = {"name": "c", "image": "none", **spec.pop("container", {})}
    if command:
        container["command"] = list(command)
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {"terminationGracePeriodSeconds": 5, "containers": [container], **spec},
        }
    )


def main_pid(machine: Machine) -> int:
    return int(machine.show()["MainPID"])


def test_the_service_is_ready_after_its_first_look_and_tells_its_status(machine: Machine) -> None:
    machine.write(f"{MANIFESTS}/one.json", pod("one", "sleep", "1111"))
    machine.until(lambda: machine.processes("1111"))
    machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")

    shown = machine.show()
    assert (shown["ActiveState"], shown["SubState"], shown["Type"]) == (
        "active",
        "running",
        "notify",
    )
    assert shown["UnitFileState"] == "enabled"


def test_a_container_has_a_cgroup_of_its_own_in_the_scope_of_the_pods(machine: Machine) -> None:
    machine.write(f"{MANIFESTS}/one.json", pod("one", "sleep", "1112"))
    (pid,) = machine.until(lambda: machine.processes("1112"))

    where = machine.run("cat", f"/proc/{pid}/cgroup").splitlines()
    unified = next(line for line in where if line.startswith("0::"))
    assert "/system.slice/barepod-pods.scope/barepod-pods-" in unified
    agent = machine.run("cat", f"/proc/{main_pid(machine)}/cgroup").splitlines()
    assert unified not in agent


def test_the_journal_has_fields(machine: Machine) -> None:
    machine.write(f"{MANIFESTS}/fields.json", pod("fields", "sleep", "1113"))
    machine.until(lambda: machine.processes("1113"))

    def running() -> list[dict[str, Any]]:
        return [
            entry
            for entry in machine.journal()
            if entry.get("BAREPOD_POD") == "default/fields"
            and entry["MESSAGE"].startswith("container runs")
        ]

    (entry,) = machine.until(running)
    assert entry["BAREPOD_CONTAINER"] == "c"
    assert len(entry["BAREPOD_UID"]) == 36
    assert (entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"]) == ("6", "barepod")


def three_of(machine: Machine, word: str) -> list[int]:
    """The main process and its two children, once all of them run."""
    found = machine.processes(word)
    return found if len(found) == 3 else []


def test_pods_outlive_a_killed_agent_and_the_next_one_goes_on_with_them(machine: Machine) -> None:
    script = "trap '' TERM; sleep 1114 & sleep 1114; wait"
    machine.write(f"{MANIFESTS}/one.json", pod("one", "sh", "-c", script))
    before = machine.until(lambda: three_of(machine, "1114"))

    def ended() -> int:
        return sum(e["MESSAGE"].startswith("container ended") for e in machine.journal())

    ended_before = ended()
    machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")

    for _ in range(2):
        agent = main_pid(machine)
        machine.run("kill", "-KILL", str(agent))
        machine.until(lambda: main_pid(machine) not in (0, agent))  # noqa: B023 - called at once
        machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")
        assert machine.processes("1114") == before

    assert int(machine.show()["NRestarts"]) >= 2
    assert ended() == ended_before
    machine.remove(f"{MANIFESTS}/one.json")
    machine.until(lambda: not machine.processes("1114"))


def test_an_upgrade_in_place_keeps_pid_and_pods(machine: Machine) -> None:
    machine.write(f"{MANIFESTS}/one.json", pod("one", "sleep", "1122"))
    before = machine.until(lambda: machine.processes("1122"))
    machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")
    agent = main_pid(machine)

    said = machine.run("barepod", "agent", "--replace")

    assert f"pid {agent}" in said
    assert main_pid(machine) == agent
    assert machine.processes("1122") == before
    machine.until(lambda: machine.show()["ActiveState"] == "active")
    machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")
    assert machine.show()["NRestarts"] == "0"


def test_pods_that_are_to_be_kept_stay_over_a_stop_and_a_restart(machine: Machine) -> None:
    config = machine.root / "etc/barepod/barepod.toml"
    before = config.read_text()
    keep = re.sub(r"^on_stop = .*$", 'on_stop = "keep"', before, flags=re.MULTILINE)
    assert keep != before
    try:
        config.write_text(keep)
        machine.run("systemctl", "restart", "barepod.service")
        machine.write(f"{MANIFESTS}/one.json", pod("one", "sleep", "1123"))
        pids = machine.until(lambda: machine.processes("1123"))
        machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")
        machine.run("systemctl", "restart", "barepod.service")
        machine.run("systemctl", "stop", "barepod.service")
        assert machine.show()["Result"] == "success"
        assert machine.processes("1123") == pids
    finally:
        config.write_text(before)
    machine.run("systemctl", "start", "barepod.service")
    assert machine.processes("1123") == pids
    machine.run("systemctl", "stop", "barepod.service")
    assert machine.processes("1123") == []


def test_a_reload_takes_over_images_and_wakes_pods_that_wait_for_them(machine: Machine) -> None:
    machine.write(f"{MANIFESTS}/lazy.json", pod("lazy", container={"image": "lazy:1"}))
    agent = main_pid(machine)
    machine.until(
        lambda: any("ErrImagePull" in str(e.get("BAREPOD_REASON")) for e in machine.journal())
    )
    config = machine.root / "etc/barepod/barepod.toml"
    before = config.read_text()
    try:
        machine.write(
            "/etc/barepod/barepod.toml", f'{before}\n[images.lazy]\ncmd = ["sleep", "1115"]\n'
        )
        machine.run("systemctl", "reload", "barepod.service")
        machine.until(lambda: machine.processes("1115"))
    finally:
        config.write_text(before)

    assert main_pid(machine) == agent
    machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")
    assert machine.show()["ActiveState"] == "active"


def test_a_broken_configuration_changes_nothing_on_reload(machine: Machine) -> None:
    machine.write(f"{MANIFESTS}/one.json", pod("one", "sleep", "1116"))
    machine.until(lambda: machine.processes("1116"))
    config = machine.root / "etc/barepod/barepod.toml"
    before = config.read_text()
    try:
        config.write_text("[node]\nnam = 1\n")
        machine.run("systemctl", "reload", "barepod.service")
        machine.until(
            lambda: any("barepod.toml:2: node.nam" in e["MESSAGE"] for e in machine.journal())
        )
    finally:
        config.write_text(before)

    assert machine.processes("1116")
    assert machine.show()["ActiveState"] == "active"


def test_a_stop_gives_pods_their_hooks_and_leaves_nothing(machine: Machine) -> None:
    hook = {"exec": {"command": ["sh", "-c", "echo bye > /var/tmp/pre-stop"]}}
    script = (
        "trap 'echo term >> /var/tmp/pre-stop; exit 0' TERM; while :; do sleep 0.1; done # 1117"
    )
    machine.write(
        f"{MANIFESTS}/one.json",
        pod("one", "sh", "-c", script, "1117", container={"lifecycle": {"preStop": hook}}),
    )
    machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")

    machine.run("systemctl", "stop", "barepod.service")

    assert machine.processes("1117") == []
    assert (machine.root / "var/tmp/pre-stop").read_text() == "bye\nterm\n"
    shown = machine.show()
    assert (shown["ActiveState"], shown["Result"]) == ("inactive", "success")


def test_a_stop_may_last_longer_than_the_unit_allows_when_grace_does(machine: Machine) -> None:
    machine.write(
        "/etc/systemd/system/barepod.service.d/short.conf", "[Service]\nTimeoutStopSec=1\n"
    )
    machine.run("systemctl", "daemon-reload")
    script = "trap 'sleep 3; echo done > /var/tmp/slow; exit 0' TERM; while :; do sleep 0.1; done"
    machine.write(f"{MANIFESTS}/one.json", pod("one", "sh", "-c", script, "1118"))
    machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")
    try:
        machine.run("systemctl", "stop", "barepod.service")
    finally:
        machine.remove("/etc/systemd/system/barepod.service.d/short.conf")
        machine.run("systemctl", "daemon-reload")

    assert (machine.root / "var/tmp/slow").read_text() == "done\n"
    assert machine.show()["Result"] == "success"


def test_an_agent_that_hangs_is_replaced_by_the_watchdog(machine: Machine) -> None:
    machine.run("systemctl", "stop", "barepod.service")
    machine.write(
        "/etc/systemd/system/barepod.service.d/dog.conf",
        "[Service]\nWatchdogSec=2\nTimeoutAbortSec=1\n",
    )
    machine.run("systemctl", "daemon-reload")
    machine.write(f"{MANIFESTS}/one.json", pod("one", "sleep", "1119"))
    try:
        machine.run("systemctl", "start", "barepod.service")
        (first,) = machine.until(lambda: machine.processes("1119"))
        agent = main_pid(machine)
        machine.run("kill", "-STOP", str(agent))
        machine.until(lambda: main_pid(machine) not in (0, agent))
        machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")
    finally:
        machine.remove("/etc/systemd/system/barepod.service.d/dog.conf")
        machine.run("systemctl", "daemon-reload")

    assert machine.processes("1119") == [first]
    assert any("Watchdog timeout" in e["MESSAGE"] for e in machine.journal())


def test_a_refused_configuration_fails_the_unit_and_is_not_tried_for_ever(
    machine: Machine,
) -> None:
    machine.run("systemctl", "stop", "barepod.service")
    config = machine.root / "etc/barepod/barepod.toml"
    before = config.read_text()
    try:
        config.write_text('[node]\non_stop = "explode"\n')
        machine.run("systemctl", "start", "barepod.service", check=False)
        machine.until(lambda: machine.show()["ActiveState"] == "failed")
    finally:
        config.write_text(before)

    assert machine.show()["ExecMainStatus"] == "2"
    assert any("explode" in e["MESSAGE"] for e in machine.journal())


def test_one_manifest_runs_as_a_unit_of_its_own(machine: Machine) -> None:
    machine.write("/etc/barepod/pods/web.yaml", pod("web", "sleep", "1120"))

    machine.run("systemctl", "start", "barepod@web.service")
    machine.until(lambda: machine.processes("1120"))
    machine.run("systemctl", "stop", "barepod@web.service")

    assert machine.processes("1120") == []
    assert machine.show("barepod@web.service")["Result"] == "success"


def test_an_ordinary_user_has_an_agent_of_their_own(machine: Machine) -> None:
    (machine.root / "root").chmod(0o711)  # an interpreter may lie below
    machine.run("useradd", "--create-home", "--uid", "4711", "ann")
    machine.run("systemctl", "start", "user@4711.service")
    manifests = "/home/ann/.config/barepod/manifests"
    as_ann = ("setpriv", "--reuid=4711", "--regid=4711", "--clear-groups", "env")
    ann = (*as_ann, "HOME=/home/ann", "XDG_RUNTIME_DIR=/run/user/4711")
    machine.run(*ann, "mkdir", "-p", manifests)
    machine.write(f"{manifests}/p.json", pod("p", "sleep", "1121"))
    machine.run(*ann, "systemctl", "--user", "start", "barepod.service")
    (pid,) = machine.until(lambda: machine.processes("1121"))
    status = machine.run("cat", f"/proc/{pid}/status")
    assert "\nUid:\t4711\t4711\t4711\t4711\n" in status
    cgroup = machine.run("cat", f"/proc/{pid}/cgroup")
    assert "/user@4711.service/app.slice/barepod-pods.scope/barepod-pods-" in cgroup

    machine.run(*ann, "systemctl", "--user", "stop", "barepod.service")
    assert machine.processes("1121") == []
    machine.run("systemctl", "stop", "user@4711.service")


def test_systemd_finds_no_fault_with_the_units(machine: Machine) -> None:
    verify = "systemd-analyze verify --man=no"
    system, user = "/etc/systemd/system", "/etc/systemd/user"
    units = f"{system}/barepod.service {system}/barepod@.service"

    assert machine.run("sh", "-c", f"{verify} {units} 2>&1") == ""
    said = machine.run(
        "sh", "-c", f"XDG_RUNTIME_DIR=/run {verify} --user {user}/barepod.service 2>&1"
    )
    assert said == ""


def test_the_unit_takes_capabilities_that_no_pod_needs(machine: Machine) -> None:
    report = machine.run("systemd-analyze", "security", "--no-pager", "barepod.service")

    for capability in ("CAP_SYS_MODULE", "CAP_SYS_BOOT", "CAP_SYS_TIME", "CAP_SYS_RAWIO"):
        assert capability not in machine.show()["CapabilityBoundingSet"].upper()
    assert "Overall exposure level for barepod.service" in report


def test_after_a_reboot_everything_starts_from_the_first_init_container(booted: Machine) -> None:
    init = {"name": "i", "image": "none", "command": ["sh", "-c", "echo init >> /var/tmp/inits"]}
    with tempfile.TemporaryDirectory(prefix="barepod-machine-") as folder:
        with boot(Path(folder)) as machine:
            machine.write(
                f"{MANIFESTS}/one.json", pod("one", "sleep", "1124", initContainers=[init])
            )
            machine.run("systemctl", "enable", "--now", "barepod.service")
            machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")
            machine.run("systemctl", "kill", "--signal=KILL", "barepod.service")
        with boot(Path(folder)) as machine:
            machine.until(lambda: machine.show().get("StatusText") == "1 pod, 1 ready")
            lines = [
                e["MESSAGE"] for e in machine.journal() if e["MESSAGE"].startswith("container runs")
            ]
            inits = (machine.root / "var/tmp/inits").read_text()

    assert inits == "init\ninit\n"
    assert "restarts=1" in lines[-1]
