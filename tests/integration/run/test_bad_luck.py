"""What happens when the machine lacks something for a while: log space, descriptors, processes?"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.integration.run.conftest import may_mount, needs_ordinary_user
from tests.support import barepod
from tests.support.barepod import Run, Setup, pod, probe, sh
from tests.support.children import ESCAPEE, runs

pytestmark = pytest.mark.integration


def mounted(place: Path, options: str) -> Setup:
    """A setup whose log directory is a file system of its own, in a mount namespace."""
    may_mount()
    (place / "logs").mkdir()
    script = f'mount -t tmpfs -o {options} none {place}/logs && exec "$@"'
    return Setup(prefix=("unshare", "--mount", "sh", "-c", script, "sh"))


def inside(run: Run, *argv: str) -> str:
    """Execute a command where barepod sees its log directory."""
    enter = ["nsenter", f"--target={run.pid}", "--mount", *argv]
    return subprocess.run(enter, check=True, capture_output=True, text=True).stdout


def problems(run: Run) -> list[str]:
    """What barepod said about itself."""
    return [line for line in run.stderr.splitlines() if line.startswith("barepod: ")]


def test_a_missing_log_directory_is_made(place: Path) -> None:
    setup = Setup(node={"log_dir": f"{place}/new/and/deep"})
    with barepod.run(place, pod(sh("echo here")), setup=setup) as run:
        assert run.wait() == 0
        assert run.said() == "here\n"
        assert problems(run) == []


def test_a_log_directory_that_vanishes_comes_back(place: Path) -> None:
    with barepod.run(place, pod(sh("while :; do echo again; sleep 0.02; done"))) as run:
        run.until(lambda: run.said())
        shutil.rmtree(run.log_dir)

        run.until(lambda: run.said())

        assert run.status().restart_count == 0


def test_a_read_only_log_directory_is_told_once_and_written_when_that_is_over(
    place: Path,
) -> None:
    main = sh("echo begun; while :; do sleep 0.05; done", readinessProbe=probe("true"))
    with barepod.run(place, pod(main), setup=mounted(place, "ro")) as run:
        run.until(lambda: run.is_ready)
        run.until(lambda: "c | begun" in run.stderr)
        (problem,) = run.until(lambda: problems(run))
        assert problem.startswith(f"barepod: cannot write {place}/logs")
        assert problem.endswith("read-only file system")

        inside(run, "mount", "-o", "remount,rw", f"{place}/logs")

        run.until(lambda: "begun" in inside(run, "sh", "-c", f"cat {place}/logs/*/c/0.log || true"))
        assert problems(run) == [problem]
        assert run.stop() == 0


def test_a_log_directory_that_nobody_may_write_holds_up_nothing(place: Path) -> None:
    needs_ordinary_user()
    (place / "logs").mkdir(mode=0o555)
    with barepod.run(place, pod(sh("echo out; exit 5")), setup=Setup(mode="user")) as run:
        assert run.wait() == 5
        assert "c | out" in run.stderr
        assert len(problems(run)) == 1
        assert problems(run)[0].endswith("permission denied")


def test_a_log_directory_that_is_a_file_holds_up_nothing(place: Path) -> None:
    (place / "logs").write_text("")
    main = sh("echo out; echo err >&2; exit 5", terminationMessagePolicy="FallbackToLogsOnError")
    with barepod.run(place, pod(main)) as run:
        assert run.wait() == 5
        assert "c | out" in run.stderr
        assert len(problems(run)) == 1
        assert problems(run)[0].endswith("not a directory")


def test_a_full_log_directory_is_told_once_and_the_container_goes_on(place: Path) -> None:
    main = sh(
        "head -c 300000 /dev/zero | tr '\\0' x | fold -w 100; echo; echo written; exec sleep 1000",
        readinessProbe=probe("true"),
    )
    with barepod.run(place, pod(main), setup=mounted(place, "size=64k")) as run:
        run.until(lambda: "c | written" in run.stderr)
        run.until(lambda: problems(run))
        run.until(lambda: run.is_ready)

        assert len(problems(run)) == 1
        assert problems(run)[0].endswith("no space left on device")
        assert run.stop() == 0


def test_a_run_directory_that_cannot_be_made_is_told_and_tried_again(place: Path) -> None:
    (place / "run").write_text("")
    with barepod.run(place, pod(sh("echo out"))) as run:
        run.until(lambda: run.waits_for("CreateContainerError"))
        (text,) = run.messages("Failed")
        assert text.startswith(f"Error: failed to create container: {place}/run")

        (place / "run").unlink()

        assert run.wait() == 0
        assert run.said() == "out\n"


@contextmanager
def no_descriptors(*pids: int) -> Iterator[None]:
    """These processes get no further descriptor while we are inside."""
    for pid in pids:
        _limit(pid, "nofile=3:")
    try:
        yield
    finally:
        for pid in pids:
            _limit(pid, "nofile=1024:")


@pytest.mark.parametrize("who", ["agent", "helper", "both"])
def test_without_descriptors_a_restart_waits_and_then_works(place: Path, who: str) -> None:
    main = sh("echo $$; exec sleep 1000", readinessProbe=probe("true"))
    with barepod.run(place, pod(main, restartPolicy="Always")) as run:
        run.until(lambda: run.is_ready)
        helper = run.helper_pid()
        lacking = {"agent": [run.pid], "helper": [helper], "both": [run.pid, helper]}[who]
        with no_descriptors(*lacking):
            os.kill(int(run.said()), signal.SIGKILL)
            run.until(lambda: run.events("Failed"))
            assert "too many open files" in run.messages("Failed")[0]
            run.until(lambda: _waits(run))

        run.until(lambda: run.is_running(restarts=1))
        run.until(lambda: run.is_ready)
        _is_sound(run)


def test_without_descriptors_what_runs_runs_on_and_ends_as_it_should(place: Path) -> None:
    main = sh("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    with barepod.run(place, pod(main, terminationGracePeriodSeconds=20)) as run:
        run.until(lambda: run.is_running() and "up" in run.said())
        with no_descriptors(run.pid, run.helper_pid()):
            assert run.stop() == 0
        assert run.exit_code() == 0


def test_leftovers_of_a_container_that_ended_without_descriptors_are_killed(
    place: Path, mode: barepod.Mode
) -> None:
    main = sh(f"{ESCAPEE} & echo $! $$; exec sleep 2000")
    with barepod.run(place, pod(main, restartPolicy="Always"), setup=Setup(mode)) as run:
        run.until(lambda: run.is_running() and run.said())
        run.until(lambda: _named(run, b"1000"))
        leftovers = _named(run, b"1000")
        with no_descriptors(run.pid):
            os.kill(int(run.said().split()[1]), signal.SIGKILL)
            run.until(lambda: _named(run, b"2000") == [])

        run.until(lambda: not any(map(runs, leftovers)))
        run.until(lambda: run.is_running(restarts=1))


def test_without_descriptors_a_probe_is_an_error_that_does_not_count(place: Path) -> None:
    main = sh(
        "echo up; exec sleep 1000",
        readinessProbe=probe(f"echo x >> {place}/probed", failureThreshold=1),
    )
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: run.is_ready)
        with no_descriptors(run.pid, run.helper_pid()):
            run.until(lambda: run.events("Unhealthy"))
            text = 'cannot start "sh": descriptors: too many open files'
            assert run.messages("Unhealthy") == [
                f"Readiness probe errored and resulted in unknown state: {text}"
            ]
        before = (place / "probed").stat().st_size
        run.until(lambda: (place / "probed").stat().st_size > before)
        assert run.is_ready
        assert run.status().restart_count == 0
        _is_sound(run)


@contextmanager
def no_processes(*pids: int) -> Iterator[None]:
    """These processes of an ordinary user get no child and no thread while we are inside."""
    for pid in pids:
        _limit(pid, "nproc=1:")
    try:
        yield
    finally:
        for pid in pids:
            _limit(pid, "nproc=4096:")


def test_without_processes_a_restart_waits_and_then_works(place: Path) -> None:
    needs_ordinary_user()
    main = sh("echo $$; exec sleep 1000", readinessProbe=probe("true"))
    manifest = pod(main, restartPolicy="Always")
    with barepod.run(place, manifest, setup=Setup(mode="user")) as run:
        run.until(lambda: run.is_ready)
        with no_processes(run.pid, run.helper_pid()):
            os.kill(int(run.said()), signal.SIGKILL)
            run.until(lambda: run.events("Failed"))
            assert "resource temporarily unavailable" in run.messages("Failed")[0]
            run.until(lambda: _waits(run))

        run.until(lambda: run.is_running(restarts=1))
        run.until(lambda: run.is_ready)
        _is_sound(run)


def test_without_processes_from_the_beginning_barepod_says_so(place: Path) -> None:
    needs_ordinary_user()
    setup = Setup(mode="user", prefix=("prlimit", "--nproc=1"))
    with barepod.run(place, pod(sh("true")), setup=setup) as run:
        assert run.wait() == 1
        assert run.stderr == "barepod: cannot start a process: resource temporarily unavailable\n"


def test_a_helper_that_dies_again_and_again_is_replaced(place: Path) -> None:
    main = sh("exec sleep 1000", readinessProbe=probe("true", failureThreshold=1))
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: run.is_ready)
        for _ in range(3):
            before = run.until(run.helper_pid)
            os.kill(before, signal.SIGKILL)
            run.until(lambda before=before: run.helper_pid() not in (0, before))  # type: ignore[misc]
        run.until(lambda: run.is_ready)
        assert run.status().restart_count == 0


def _limit(pid: int, limit: str) -> None:
    """Change a soft limit of a process that still runs, as the user it belongs to."""
    with suppress(FileNotFoundError):
        owner = Path(f"/proc/{pid}").stat()
        become = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
        if owner.st_uid == os.geteuid():
            become = []
        subprocess.run([*become, "prlimit", f"--pid={pid}", f"--{limit}"], check=True)


def _waits(run: Run) -> bool:
    return run.status().state.waiting is not None


def _is_sound(run: Run) -> None:
    """Nothing of barepod itself broke on the way."""
    assert run.events("FailedSync") == [], run.story()
    assert "internal error" not in run.stderr
    assert "Traceback" not in run.stderr, run.stderr


def _named(run: Run, word: bytes) -> list[int]:
    found = []
    for pid in run.processes():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if word in words and words[0] != b"setsid":
            found.append(pid)
    return found
