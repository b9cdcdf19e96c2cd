"""What may befall a machine with an agent on it: disks, clocks, limits, databases."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.agent.test_manifests import sleeper
from tests.support import service
from tests.support.barepod import Setup, become_nobody, container, pod, probe, sh
from tests.support.needs import missing
from tests.support.service import Lives
from tests.support.stores import fill, locked_by_sqlite, remount, small_disk

pytestmark = pytest.mark.integration

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def on(disk: Path, **config: str) -> Setup:
    return Setup(node={"state_dir": str(disk / "state"), **config})


@as_root
def test_a_full_disk_stops_nothing_and_is_caught_up_with(place: Path) -> None:
    with small_disk(place / "disk", "4m") as disk, service.lives(place, on(disk)) as lives:
        lives.agent.write("p.json", sleeper(2201))
        lives.agent.until_told("pod is ready")
        ballast = fill(disk)
        # The log that SQLite writes into may still have room: write until it has not.
        lives.agent.write(
            "q.yaml", *(sleeper(2202, f"q{n}", activeDeadlineSeconds=9999) for n in range(40))
        )
        lives.agent.until_told("cannot write the state", level="warning")
        lives.agent.until(lambda: len(lives.agent.running("2202")) == 40)
        (main,) = lives.agent.running("2201")
        os.kill(main, signal.SIGKILL)
        lives.agent.until(lambda: lives.agent.running("2201") not in ([], [main]))

        ballast.unlink()
        lives.agent.until_told("is written to")
        before = lives.agent.running("2201")
        agent = lives.replace_agent()

        assert agent.running("2201") == before
        assert len(agent.running("2202")) == 40


@as_root
def test_an_agent_starts_on_a_read_only_disk_and_adopts_what_runs(place: Path) -> None:
    with small_disk(place / "disk", "4m") as disk, service.lives(place, on(disk)) as lives:
        lives.agent.write("p.json", sleeper(2203))
        lives.agent.until_told("pod is ready")
        before = lives.agent.running("2203")
        lives.kill()
        remount(disk, "ro")
        agent = lives.next()

        agent.until_told("cannot write the state")
        assert agent.running("2203") == before
        remount(disk, "rw")
        agent.until_told("is written to")


def test_a_damaged_database_is_set_aside_and_what_runs_runs_on(lives: Lives, place: Path) -> None:
    lives.agent.write("p.json", sleeper(2204))
    lives.agent.until_told("pod is ready")
    (main,) = lives.agent.running("2204")
    lives.kill()
    database = place / "state" / "state.db"
    database.write_bytes(b"garbage" * 1000)
    database.with_name("state.db-wal").unlink(missing_ok=True)

    agent = lives.next()
    line = agent.until_told("cannot be used")

    assert "it is kept as" in line["event"]
    assert list(place.glob("state/state.db.*"))
    assert agent.running("2204") == [main]  # told by the files beside its output
    assert agent.log("container ended") == []


def test_what_nobody_remembers_is_ended_before_it_is_started_again(
    lives: Lives, place: Path
) -> None:
    lives.agent.write("p.json", sleeper(2214))
    lives.agent.until_told("pod is ready")
    (main,) = lives.agent.running("2214")
    lives.kill()
    for file in (*place.glob("state/state.db*"), *place.glob("run/pods/*/*.json")):
        file.unlink()

    agent = lives.next()
    agent.until_told("killed what a dead agent left behind", pid=main)
    agent.until(lambda: agent.running("2214") not in ([], [main]))

    assert len(agent.running("2214")) == 1


def test_a_locked_database_keeps_an_agent_from_starting_pods_twice(
    lives: Lives, place: Path
) -> None:
    lives.agent.write("p.json", sleeper(2205))
    lives.agent.until_told("pod is ready")
    before = lives.agent.running("2205")
    lives.kill()
    with locked_by_sqlite(place / "state" / "state.db"):
        agent = lives.begin()
        agent.until_told("agent is ready")
        assert agent.running("2205") == before


def test_who_looks_into_the_database_disturbs_nobody(lives: Lives, place: Path) -> None:
    lives.agent.write("p.json", sleeper(2206))
    lives.agent.until_told("pod is ready")
    with closing(sqlite3.connect(place / "state" / "state.db")) as database:

        def kinds() -> set[str]:
            return {kind for (kind,) in database.execute("select distinct kind from objects")}

        lives.agent.until(lambda: {"Pod", "Event"} <= kinds())
    lives.agent.write("q.json", sleeper(2207, "q"))
    lives.agent.until(lambda: lives.agent.running("2207"))
    assert lives.agent.log("cannot write") == []


@pytest.mark.parametrize("shift", ["+3600", "-3600"], ids=["an hour on", "an hour back"])
def test_a_wall_clock_that_jumps_restarts_nothing(place: Path, shift: str) -> None:
    if shutil.which("faketime") is None:
        missing("faketime is not installed (apt-get install faketime)")
    clock = place / "clock"
    clock.write_text("+0")
    library = _library()
    healthy = probe("true", failureThreshold=1)
    environ = {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with service.agent(place, Setup(environ=environ)) as agent:
        given = container("sleep", "2208", livenessProbe=healthy, readinessProbe=healthy)
        agent.write("p.json", pod(given, restartPolicy="Always", activeDeadlineSeconds=1000))
        agent.until_told("pod is ready")
        before = agent.running("2208")
        clock.write_text(shift)
        agent.write("q.json", pod(container("false"), name="q", restartPolicy="Always"))
        # Back-off of a crashing pod and probes of the other go on by the monotonic clock.
        agent.until_told("container ended", 3, pod="default/q")

        assert agent.running("2208") == before
        assert agent.log("pod is not ready", pod="default/p") == []
        assert agent.log("container ended", pod="default/p") == []


def _library() -> str:
    found = sorted(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))
    if not found:
        missing("libfaketime is not installed (apt-get install faketime)")
    return str(found[0])


def test_an_agent_without_free_descriptors_says_so_and_goes_on(place: Path) -> None:
    with service.agent(place, Setup(prefix=("prlimit", "--nofile=4096:4096"))) as agent:
        agent.write("p.json", sleeper(2209))
        agent.until(lambda: agent.running("2209"))
        before = agent.running("2209")
        own = (agent.run.pid, agent.run.helper_pid())
        for pid in own:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (64, 4096))
        agent.write("q.yaml", *(sleeper(2210, f"q{number}") for number in range(40)))
        agent.until(lambda: agent.log("too many open files") or agent.log("Too many open files"))
        for pid in own:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (4096, 4096))

        agent.until(lambda: len(agent.running("2210")) == 40)
        assert agent.running("2209") == before


def test_an_agent_that_may_start_no_process_goes_on_when_it_may(place: Path) -> None:
    from tests.integration.run.conftest import needs_ordinary_user

    needs_ordinary_user()  # root is exempt from the limit
    with service.agent(place, Setup(mode="user")) as agent:
        agent.write("p.json", sleeper(2211))
        agent.until(lambda: agent.running("2211"))
        helper = agent.run.helper_pid()

        def limit(processes: str) -> None:
            command = ["prlimit", f"--pid={helper}", f"--nproc={processes}:"]
            subprocess.run([*become_nobody(place), *command], check=True)

        limit("1")
        agent.write("q.json", sleeper(2212, "q"))
        agent.until(lambda: agent.log("Error: "))
        assert agent.running("2212") == []
        limit("4000")

        agent.until(lambda: agent.running("2212"))


def test_a_pod_whose_output_has_no_disk_runs_all_the_same(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    with small_disk(place / "disk") as disk:
        disk.chmod(0o755)
        setup = Setup(node={"log_dir": str(disk / "logs")})
        with service.agent(place, setup) as agent:
            fill(disk)
            agent.write(
                "p.json",
                pod(
                    sh("i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo $i; done; exec sleep 2213")
                ),
            )
            agent.until(lambda: agent.running("2213"))
            agent.until_told("cannot write", level="error")
