"""The agent dies, pods live, the next agent goes on with them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.agent.test_manifests import sleeper
from tests.integration.run.conftest import may_mount, needs_ordinary_user
from tests.support import service
from tests.support.barepod import ROOT, Setup, container, hook, pod, probe, sh
from tests.support.service import Agent, Lives

pytestmark = pytest.mark.integration

_SUBREAPER = 36
COUNTER = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.002; done"


def output(agent: Agent, container: str = "c", attempt: int = 0) -> list[str]:
    """The lines that a container wrote, of the only pod there is."""
    found = list(agent.run.log_dir.glob(f"*/{container}/{attempt}.log"))
    if not found:
        return []
    return [line.split(" ", 3)[3] for line in found[0].read_text().splitlines()]


def until_more(agent: Agent, lines: int) -> None:
    """Wait for so many lines more."""
    written = len(output(agent))
    agent.until(lambda: len(output(agent)) > written + lines)


def end_of(lives: Lives, pid: int) -> None:
    """Wait until a process that nobody watches is gone."""
    lives.agent.run.until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))


@contextmanager
def in_place_of_init() -> Iterator[None]:
    """Orphans of ours become our children, so that we decide when their exit codes are gone."""
    libc = ctypes.CDLL(None)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_SUBREAPER, 0, 0, 0, 0)


def _kernel() -> tuple[int, ...]:
    """From Linux 6.15 on a pidfd tells how a process ended that somebody else has reaped."""
    return tuple(int(part) for part in os.uname().release.split(".")[:2])


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("helper", [False, True], ids=["agent", "agent and helper"])
def test_a_main_process_outlives_the_agent_and_is_not_started_again(
    lives: Lives, helper: bool
) -> None:
    healthy = probe("true", failureThreshold=1)
    given = container("sleep", "2001", livenessProbe=healthy, readinessProbe=healthy)
    lives.agent.write("p.json", pod(given, restartPolicy="Always"))
    lives.agent.until_told("pod is ready")
    before = lives.agent.running("2001")

    for _ in range(3):
        agent = lives.replace_agent(helper=helper)
        assert agent.running("2001") == before
        assert agent.log("pod is not ready") == []
    lives.agent.remove("p.json")
    lives.agent.until_told("pod is gone")

    assert lives.agent.running("2001") == []
    assert len(lives.agent.log("container ended")) == 1


@pytest.mark.parametrize("helper", [False, True], ids=["agent", "agent and helper"])
def test_no_line_of_output_is_lost_or_doubled(lives: Lives, helper: bool) -> None:
    lives.agent.write("p.json", pod(sh(COUNTER)))
    for _ in range(6):
        until_more(lives.agent, 50)
        lives.replace_agent(helper=helper)
    agent = lives.agent
    agent.remove("p.json")
    agent.until_told("pod is gone")

    lines = output(agent)
    assert lines == [f"line {number}" for number in range(1, len(lines) + 1)]


def test_output_of_a_time_without_an_agent_is_kept(lives: Lives, place: Path) -> None:
    script = f"echo before; until [ -e {place}/go ]; do sleep 0.02; done; echo meanwhile; exit 3"
    lives.agent.write("p.json", pod(sh(script)))
    agent = lives.agent
    agent.until(lambda: output(agent) == ["before"])
    main = min(agent.running(script.replace("$", "$$")))  # the shell itself, not a fork of it
    lives.kill()
    (place / "go").touch()
    end_of(lives, main)

    agent = lives.next()
    line = agent.until_told("container ended")

    assert output(agent) == ["before", "meanwhile"]
    assert line["exit_code"] == (3 if _kernel() >= (6, 15) else 137)


def test_an_end_that_nobody_could_see_is_unknown_and_the_restart_policy_follows(
    lives: Lives,
) -> None:
    lives.agent.write("p.json", sleeper(2002))
    (main,) = lives.agent.until(lambda: lives.agent.running("2002"))
    lives.agent.until_told("container runs")
    helper = lives.agent.run.helper_pid()
    with in_place_of_init():
        lives.kill(helper=True)
        os.kill(main, signal.SIGTERM)
        for pid in (main, helper):
            os.waitpid(pid, 0)

    agent = lives.next()
    line = agent.until_told("container ended")

    assert (line["exit_code"], line["reason"]) == (137, "ContainerStatusUnknown")
    (again,) = agent.until(lambda: agent.running("2002"))
    assert again != main


def test_what_the_main_process_left_behind_does_not_outlive_it(lives: Lives) -> None:
    script = "setsid sleep 2003 & setsid setsid sleep 2003 & exec sleep 2004"
    lives.agent.write("p.json", pod(sh(script), restartPolicy="Never"))
    lives.agent.until(lambda: len(lives.agent.running("2003")) == 2)
    (main,) = lives.agent.until(lambda: lives.agent.running("2004"))
    lives.agent.until_told("container runs")
    lives.kill()
    os.kill(main, signal.SIGKILL)

    agent = lives.next()
    agent.until_told("container ended")

    agent.until(lambda: not agent.running("2003"))


def test_init_containers_and_hooks_that_have_run_are_not_run_again(
    lives: Lives, place: Path
) -> None:
    init = sh(f"echo init >> {place}/said", name="i")
    main = sh(
        "exec sleep 2005",
        lifecycle={"postStart": hook(f"echo hook >> {place}/said; echo > {place}/hooked")},
    )
    lives.agent.write("p.json", pod(main, initContainers=[init]))
    lives.agent.until_told("pod is ready")

    agent = lives.replace_agent()
    agent.write("q.json", sleeper(2006, "q"))
    agent.until(lambda: agent.running("2006"))

    assert (place / "said").read_text() == "init\nhook\n"
    assert len(agent.running("2005")) == 1


def test_probes_and_hooks_in_flight_end_with_the_agent(lives: Lives) -> None:
    hanging = probe("sleep 2007", timeoutSeconds=600)
    given = container("sleep", "2008", readinessProbe=hanging)
    lives.agent.write("p.json", pod(given))
    lives.agent.until(lambda: lives.agent.running("2007"))

    lives.kill()
    lives.agent.until(lambda: not lives.agent.running("2007"))
    agent = lives.next()

    agent.until(lambda: agent.running("2007"))
    assert len(agent.running("2008")) == 1


def test_a_pod_that_was_ending_goes_on_ending(lives: Lives) -> None:
    slow = sh("trap 'sleep 1; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    lives.agent.write("p.json", pod(slow, terminationGracePeriodSeconds=20))
    lives.agent.until(lambda: output(lives.agent) == ["up"])
    lives.agent.remove("p.json")
    lives.agent.until_told("pod is terminating")

    agent = lives.replace_agent()

    agent.until_told("pod is gone")


def test_files_that_went_or_changed_while_no_agent_lived_are_followed(lives: Lives) -> None:
    for name, seconds in (("gone", 2009), ("other", 2010), ("same", 2011)):
        lives.agent.write(f"{name}.json", sleeper(seconds, name))
    lives.agent.until_told("pod is ready", 3)
    (same,) = lives.agent.running("2011")
    lives.kill()
    lives.agent.remove("gone.json")
    lives.agent.write("other.json", sleeper(2012, "other"))

    agent = lives.next()
    agent.until_told("pod is gone", pod="default/gone")
    agent.until(lambda: agent.running("2012"))

    assert agent.running("2009") == agent.running("2010") == []
    assert agent.running("2011") == [same]


def test_a_mount_point_stays_for_a_pod_that_was_taken_over(lives: Lives) -> None:
    may_mount()
    target = f"/barepod-{os.urandom(4).hex()}"
    look = f"while :; do test -e {target}/f && echo here || echo lost; sleep 0.02; done"
    volumes = [{"name": "v", "emptyDir": {}}]
    mounts = [{"name": "v", "mountPath": target}]
    lives.agent.write(
        "p.json", pod(sh(f"echo > {target}/f; {look}", volumeMounts=mounts), volumes=volumes)
    )
    lives.agent.until(lambda: "here" in output(lives.agent))
    agent = lives.replace_agent()

    agent.write(
        "q.json", pod(sh("exec sleep 2377", volumeMounts=mounts), name="q", volumes=volumes)
    )
    agent.until(lambda: agent.running("2377"))
    agent.remove("q.json")
    agent.until_told("pod is gone")
    found = next(agent.run.log_dir.glob("default_p_*/c/0.log"))
    size = found.stat().st_size
    agent.until(lambda: found.stat().st_size > size + 500)

    assert "lost" not in found.read_text()
    agent.remove("p.json")
    agent.until(lambda: not Path(target).exists())


def test_a_volume_goes_on_with_its_pod(lives: Lives) -> None:
    script = (
        "echo kept > /v/f; until [ -e /v/more ]; do sleep 0.05; done; cat /v/f; exec sleep 2013"
    )
    given = sh(script, volumeMounts=[{"name": "v", "mountPath": "/v"}])
    lives.agent.write("p.json", pod(given, volumes=[{"name": "v", "emptyDir": {}}]))
    lives.agent.until_told("pod is ready")

    agent = lives.replace_agent()
    (made,) = agent.until(lambda: list(Path(agent.run.folder).glob("state/pods/*/volumes/v/f")))
    made.with_name("more").touch()
    agent.until(lambda: output(agent) == ["kept"])
    agent.remove("p.json")
    agent.until_told("pod is gone")

    assert not list(Path(agent.run.folder).glob("state/pods/*"))
    assert not list(Path(agent.run.folder).glob("run/pods/*"))


def test_pods_are_kept_by_an_agent_that_is_told_to_keep_them(place: Path) -> None:
    keep = Setup(node={"on_stop": "keep"})
    with service.lives(place, keep) as lives:
        lives.agent.write("p.json", sleeper(2014))
        lives.agent.until_told("pod is ready")
        before = lives.agent.running("2014")
        lives.agent.run.signal(signal.SIGTERM)
        assert lives.agent.run.wait() == 0
        lives.agent.run.close()
        assert lives.agent.running("2014") == before

        agent = lives.next(Setup())
        assert agent.running("2014") == before


def test_a_new_version_takes_over_in_place_and_no_exit_code_is_lost(
    lives: Lives, place: Path
) -> None:
    script = f"until [ -e {place}/go ]; do sleep 0.02; done; exit 7"
    lives.agent.write("p.json", pod(sh(script), restartPolicy="Never"))
    lives.agent.write("q.json", sleeper(2015, "q"))
    agent = lives.agent
    agent.until_told("pod is ready", 2)
    before = agent.running("2015")

    agent.run.signal(signal.SIGUSR2)
    agent.until_told("agent is ready", 2)
    (place / "go").touch()
    line = agent.until_told("container ended")

    assert line["exit_code"] == 7
    assert agent.running("2015") == before
    assert agent.run.pid in agent.run.processes()


def test_the_command_replaces_the_agent_that_runs(lives: Lives, place: Path) -> None:
    lives.agent.write("p.json", sleeper(2016))
    lives.agent.until_told("pod is ready")
    before = lives.agent.running("2016")
    command = [sys.executable, "-m", "agent", "agent", "--replace"]
    done = subprocess.run(
        [*command, "--config", str(place / "barepod.toml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert f"pid {lives.agent.run.pid}" in done.stdout
    lives.agent.until_told("agent is ready", 2)
    assert lives.agent.running("2016") == before


def test_an_ordinary_user_has_all_of_it_too(place: Path) -> None:
    needs_ordinary_user()
    with service.lives(place, Setup(mode="user")) as lives:
        lives.agent.write("p.json", pod(sh(COUNTER), restartPolicy="Always"))
        for _ in range(3):
            until_more(lives.agent, 20)
            lives.replace_agent()
        lines = output(lives.agent)
        assert lines == [f"line {number}" for number in range(1, len(lines) + 1)]


def test_the_agent_has_more_descriptors_than_its_shell_gave_it_and_containers_have_not(
    place: Path,
) -> None:
    with service.agent(place, Setup(prefix=("prlimit", "--nofile=300:4096"))) as agent:
        agent.write("p.json", pod(sh("ulimit -n; exec sleep 2017")))
        agent.until(lambda: output(agent))

        assert output(agent) == ["300"]
        limits = Path(f"/proc/{agent.run.pid}/limits").read_text()
        (line,) = [line for line in limits.splitlines() if line.startswith("Max open files")]
        assert line.split()[3:5] == ["4096", "4096"]
