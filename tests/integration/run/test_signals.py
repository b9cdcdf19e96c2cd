"""How does `barepod run` end, and what is left of a run however it ends?"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support import barepod
from tests.support.barepod import Mode, Setup, hook, pod, probe, sh
from tests.support.children import DOUBLE_FORK, ESCAPEE

pytestmark = pytest.mark.integration

#: A main process whose descendants leave its session, its environment and its ancestry.
ESCAPES = f"{ESCAPEE} & {DOUBLE_FORK}; echo begun; exec sleep 1000"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_gracefully_with_code_0(place: Path, number: signal.Signals) -> None:
    main = sh("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: "up" in run.said())

        run.signal(number)

        assert run.wait() == 0
        assert run.said() == "up\nbye\n"
        assert run.phase == "Succeeded"
        assert run.messages("Killing") == ["Stopping container c"]
        assert run.changes[-1][0] == "DELETED"


def test_a_pod_that_ends_badly_on_request_is_no_failure_of_ours(place: Path) -> None:
    with barepod.run(place, pod(sh("echo up; exec sleep 1000"))) as run:
        run.until(run.is_running)

        assert run.stop() == 0
        assert run.exit_code() == 143
        assert run.phase == "Failed"


def test_a_second_interrupt_kills_at_once_with_code_130(place: Path) -> None:
    deaf = sh("trap '' TERM INT; echo deaf; while :; do sleep 0.05; done")
    with barepod.run(place, pod(deaf, terminationGracePeriodSeconds=1000)) as run:
        run.until(lambda: "deaf" in run.said())
        run.signal(signal.SIGINT)
        run.until(lambda: run.messages("Killing"))

        run.signal(signal.SIGINT)

        assert run.wait(5) == 130
        assert run.exit_code() == 137


def test_a_second_interrupt_does_not_wait_for_hooks(place: Path) -> None:
    endless = {"preStop": {"sleep": {"seconds": 900}}, "postStart": hook("true")}
    manifest = pod(sh("exec sleep 1000", lifecycle=endless), terminationGracePeriodSeconds=1000)
    with barepod.run(place, manifest) as run:
        run.until(run.is_running)
        run.signal(signal.SIGINT)
        run.until(lambda: run.messages("Killing"))

        run.signal(signal.SIGINT)

        assert run.wait(5) == 130


def test_a_pod_in_its_back_off_stops_at_once(place: Path) -> None:
    setup = Setup(crash_loop=(100, 300))
    with barepod.run(place, pod(sh("exit 7"), restartPolicy="Always"), setup=setup) as run:
        run.until(lambda: run.waits_for("CrashLoopBackOff"))

        assert run.stop() == 0
        assert run.status().state.terminated is not None
        assert run.exit_code() == 7
        assert run.phase == "Failed"


def test_a_pod_stopped_in_its_init_container_never_starts_the_others(place: Path) -> None:
    manifest = pod(sh("echo no"), initContainers=[sh("exec sleep 1000", "init")])
    with barepod.run(place, manifest) as run:
        run.until(lambda: run.is_running("init"))

        assert run.stop() == 0
        assert run.phase == "Failed"
        assert run.exit_code("init") == 143
        assert run.log() == []
        waiting = run.status("c").state.waiting
        assert waiting is not None
        assert waiting.reason == "PodInitializing"


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_that_of_the_first_failed_container(place: Path, code: int) -> None:
    first = sh(f"exit {code}", "z-first")
    later = sh(f"sleep 0.3; exit {2 * code}", "a-later")
    with barepod.run(place, pod(first, later)) as run:
        assert run.wait() == code
        assert run.phase == ("Failed" if code else "Succeeded")


def test_one_failed_pod_of_several_gives_its_code(place: Path) -> None:
    good, bad = pod(sh("true"), name="good"), pod(sh("exit 5"), name="bad")
    with barepod.run(place, good, bad) as run:
        assert run.wait() == 5
        assert run.pod("good").status.phase == "Succeeded"


def test_a_container_killed_by_a_signal_gives_128_and_its_number(place: Path) -> None:
    with barepod.run(place, pod(sh("kill -KILL $$"))) as run:
        assert run.wait() == 137


def test_bad_usage_and_unreadable_files_give_2_and_start_nothing(place: Path) -> None:
    with barepod.command(place, ["run", str(place / "missing.yaml")], Setup()) as run:
        assert run.wait() == 2
        assert "missing.yaml" in run.stderr
        assert not (place / "logs").exists()


def test_nothing_outlives_a_barepod_that_is_killed(place: Path, mode: Mode) -> None:
    with barepod.run(place, pod(sh(ESCAPES)), setup=Setup(mode=mode)) as run:
        run.until(lambda: "begun" in run.said())
        run.until(lambda: len(run.processes()) >= 5)  # barepod, helper, three sleeping

        run.signal(signal.SIGKILL)

        assert run.wait() == -signal.SIGKILL
        run.until(lambda: not run.processes() and not run.cgroups())


def test_nothing_outlives_a_graceful_stop(place: Path, mode: Mode) -> None:
    with barepod.run(place, pod(sh(ESCAPES)), setup=Setup(mode=mode)) as run:
        run.until(lambda: "begun" in run.said())
        run.until(lambda: len(run.processes()) >= 5)

        assert run.stop() == 0
        assert run.processes() == []
        assert run.cgroups() == []


def test_mains_do_not_notice_the_death_of_the_helper(place: Path) -> None:
    main = sh("echo up; exec sleep 1000", readinessProbe=probe("true"))
    with barepod.run(place, pod(main, restartPolicy="Always")) as run:
        run.until(lambda: run.is_ready)
        helper, (main_pid,) = run.helper_pid(), _sleeping(run)

        os.kill(helper, signal.SIGKILL)

        run.until(lambda: run.helper_pid() not in (0, helper))
        assert _sleeping(run) == [main_pid]
        os.kill(main_pid, signal.SIGKILL)  # the new helper starts the next one
        run.until(lambda: run.is_running(restarts=1))
        run.until(lambda: run.is_ready)


def test_nothing_outlives_barepod_killed_right_after_its_helper(place: Path) -> None:
    with barepod.run(place, pod(sh("echo up; exec sleep 1000"))) as run:
        run.until(lambda: _sleeping(run))

        first = run.helper_pid()
        os.kill(first, signal.SIGKILL)
        run.until(lambda: run.helper_pid() not in (0, first))
        run.signal(signal.SIGKILL)

        run.until(lambda: not run.processes())


@pytest.mark.parametrize("output", ["json", "text", "quiet"])
def test_a_reader_that_goes_away_ends_the_run(place: Path, output: str) -> None:
    reading, writing = os.pipe()
    setup = Setup(output=output, stdout=writing)
    chatter = sh("while :; do echo line; sleep 0.02; done")
    with barepod.run(place, pod(chatter), setup=setup) as run:
        os.close(writing)
        first = os.read(reading, 10)
        os.close(reading)

        assert first
        assert run.wait() == 0
        assert run.processes() == []
        assert "Traceback" not in run.stderr


@pytest.mark.parametrize("output", ["json", "text", "quiet"])
def test_an_output_that_takes_no_more_ends_the_run_as_a_failure(place: Path, output: str) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    setup = Setup(output=output, stdout=full)
    try:
        with barepod.run(place, pod(sh("echo line; exec sleep 1000")), setup=setup) as run:
            assert run.wait() == 1
            assert run.processes() == []
            told = "barepod: cannot write to stdout: no space left on device: stopping\n"
            assert told in run.stderr
    finally:
        os.close(full)


def test_closed_standard_descriptors_do_no_harm(place: Path) -> None:
    without = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
    with barepod.run(place, pod(sh("echo hello")), setup=Setup(prefix=without)) as run:
        assert run.wait() == 0
        (log,) = run.log_dir.rglob("0.log")
        assert log.read_text().endswith(" stdout F hello\n")


def test_several_pods_of_one_file_run_beside_each_other(place: Path) -> None:
    one, two = (pod(sh(f"echo {name}"), name=name) for name in ("one", "two"))
    with barepod.run(place, one, two) as run:
        assert run.wait() == 0
        assert run.log(pod="one")[0].endswith(" stdout F one")
        assert run.log(pod="two")[0].endswith(" stdout F two")


def _sleeping(run: barepod.Run) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True)
    ours = set(run.processes())
    return [
        int(pid)
        for pid, _, args in (line.strip().partition(" ") for line in listed.stdout.splitlines())
        if pid.isdigit() and int(pid) in ours and "sleep 1000" in args and "sh" not in args
    ]
