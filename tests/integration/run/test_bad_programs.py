"""What happens with programs that cannot run, and with main processes that behave badly?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.run.conftest import open_place
from tests.support import barepod
from tests.support.barepod import Run, Setup, container, pod, probe, python, sh
from tests.support.children import DOUBLE_FORK, ESCAPEE, runs

pytestmark = pytest.mark.integration

_IMAGES = '[images."ghost"]\ncmd = ["true"]\nuser = "nobody-of-that-name"'


@pytest.fixture(scope="module")
def broken() -> Iterator[Run]:
    """One pod in which every container fails to start, each for another reason."""
    with open_place() as folder:
        (folder / "text").write_text("no program\n")
        (folder / "junk").write_bytes(b"\x7fELF of a kind")
        (folder / "junk").chmod(0o755)
        (folder / "lost").write_text("#!/no/such/interpreter\n")
        (folder / "lost").chmod(0o755)
        (folder / "sub").mkdir()
        manifest = pod(
            container("no-such-program", name="missing"),
            container("/no/such/program", name="absent"),
            container(f"{folder}/text", name="text"),
            container(f"{folder}/junk", name="junk"),
            container(f"{folder}/lost", name="lost"),
            container(f"{folder}/sub", name="directory"),
            container(f"{folder}/text/x", name="below"),
            container("true", name="nowhere", workingDir="/no/such/place"),
            container("true", name="file", workingDir=f"{folder}/text"),
            sh("echo fine", "fine"),
        )
        with barepod.run(folder, manifest) as run:
            run.wait()
            yield run


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("missing", 'exec: "no-such-program": executable file not found in $PATH'),
        ("absent", 'exec: "/no/such/program": stat /no/such/program: no such file or directory'),
        ("text", 'exec: "{0}/text": permission denied'),
        ("junk", "exec {0}/junk: exec format error"),
        ("lost", "exec {0}/lost: no such file or directory"),
        ("directory", 'exec: "{0}/sub": is a directory'),
        ("below", 'exec: "{0}/text/x": stat {0}/text/x: not a directory'),
        ("nowhere", 'chdir to cwd ("/no/such/place") set in config.json failed: '
         "no such file or directory"),
        ("file", 'chdir to cwd ("{0}/text") set in config.json failed: not a directory'),
    ],
)  # fmt: skip
def test_a_program_that_cannot_start_says_why(broken: Run, name: str, why: str) -> None:
    text = f"unable to start container process: {why.format(broken.folder)}"

    ended = broken.status(name).state.terminated

    assert ended is not None
    assert (ended.exit_code, ended.reason, ended.message) == (128, "StartError", text)
    assert f"Error: {text}" in broken.messages("Failed")


def test_the_others_run_all_the_same(broken: Run) -> None:
    assert broken.said("fine") == "fine\n"
    assert broken.exit_code("fine") == 0
    assert broken.phase == "Failed"
    assert broken.wait() == 128


def test_a_program_that_cannot_start_is_tried_with_back_off(place: Path) -> None:
    program = place / "program"
    with barepod.run(place, pod(container(str(program)), restartPolicy="Always")) as run:
        run.until(lambda: run.waits_for("CrashLoopBackOff"))
        ended = run.status().last_state.terminated
        assert ended is not None
        assert ended.reason == "StartError"

        program.write_text("#!/bin/sh\necho here; exec sleep 1000\n")
        program.chmod(0o755)

        run.until(run.is_running)
        assert run.messages("BackOff")[0].startswith("Back-off restarting failed container c")


def test_an_unknown_user_of_an_image_waits_and_says_so(place: Path) -> None:
    with barepod.run(place, pod({"name": "c", "image": "ghost"}), setup=Setup(config=_IMAGES)) as r:
        r.until(lambda: r.waits_for("CreateContainerConfigError"))

        (text,) = r.messages("Failed")
        assert "nobody-of-that-name" in text
        assert r.stop() == 0


def test_an_image_nobody_knows_waits_and_shows_what_to_add(place: Path) -> None:
    with barepod.run(place, pod({"name": "c", "image": "redis:7"})) as run:
        run.until(lambda: run.waits_for("ErrImagePull") or run.waits_for("ImagePullBackOff"))

        waiting = run.status().state.waiting
        assert waiting is not None
        assert '[images."redis"]' in " ".join([waiting.message, *run.messages("Failed")])


def test_a_missing_config_map_waits_and_says_so(place: Path) -> None:
    main = sh("true", envFrom=[{"configMapRef": {"name": "settings"}}])
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: run.waits_for("CreateContainerConfigError"))

        assert run.messages("Failed")[0] == 'Error: configmap "settings" not found'


def test_a_pod_deleted_while_it_waits_for_its_start_has_failed(place: Path) -> None:
    main = sh("true", envFrom=[{"configMapRef": {"name": "settings"}}])
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: run.waits_for("CreateContainerConfigError"))

        assert run.stop() == 0

        ended = run.status().state.terminated
        assert run.phase == "Failed"
        assert ended is not None
        assert (ended.exit_code, ended.reason) == (137, "ContainerStatusUnknown")


def test_a_probe_of_an_unknown_port_name_is_an_error_that_does_not_count(place: Path) -> None:
    unknown = {"tcpSocket": {"port": "web"}, "periodSeconds": 1, "failureThreshold": 1}
    main = container("sleep", "1000", livenessProbe=unknown)
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: run.events("Unhealthy"))

        (text,) = run.messages("Unhealthy")
        assert text == (
            "Liveness probe errored and resulted in unknown state: "
            'strconv.Atoi: parsing "web": invalid syntax'
        )
        assert run.events("Killing") == []


def test_an_exec_probe_whose_program_is_missing_fails(place: Path) -> None:
    missing = {"exec": {"command": ["no-such-probe"]}, "periodSeconds": 1, "failureThreshold": 1}
    main = container("sleep", "1000", livenessProbe=missing)
    with barepod.run(place, pod(main, restartPolicy="Always")) as run:
        run.until(lambda: run.is_running(restarts=1))

        text = 'Liveness probe failed: exec: "no-such-probe": executable file not found in $PATH'
        assert text in run.messages("Unhealthy")


def test_an_exec_probe_whose_daemon_holds_its_output_times_out_and_leaves_nothing(
    place: Path,
) -> None:
    daemon = f"{ESCAPEE} & echo $! >> {place}/pids; exit 0"
    main = sh("exec sleep 2000", readinessProbe=probe(daemon, timeoutSeconds=1))
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: run.events("Unhealthy"))

        assert "timed out after 1s" in run.messages("Unhealthy")[0]
        assert not run.is_ready
        first = int((place / "pids").read_text().split()[0])
        run.until(lambda: not runs(first))
        assert run.is_running()


def test_an_exec_probe_that_prints_for_ever_times_out_with_bounded_memory(place: Path) -> None:
    main = sh("exec sleep 2000", readinessProbe=probe("exec yes", timeoutSeconds=1))
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: run.events("Unhealthy"))

        assert (
            'command timed out: "sh -c exec yes" timed out after 1s' in run.messages("Unhealthy")[0]
        )
        for pid in (run.pid, run.helper_pid()):
            assert _resident(pid) < 80e6
        run.until(lambda: not _named(run, b"yes"))


def test_an_exec_probe_that_ignores_sigterm_is_killed_at_its_timeout(place: Path) -> None:
    deaf = f"trap '' TERM INT HUP; echo $$ >> {place}/pids; while :; do sleep 0.05; done"
    main = sh("exec sleep 2000", livenessProbe=probe(deaf, timeoutSeconds=1, failureThreshold=1))
    with barepod.run(place, pod(main, restartPolicy="Always")) as run:
        run.until(lambda: run.is_running(restarts=1))

        first = int((place / "pids").read_text().split()[0])
        run.until(lambda: not runs(first))


def test_a_main_process_that_forks_and_exits_has_ended_and_leaves_nothing(
    place: Path, mode: barepod.Mode
) -> None:
    forks = sh(f"{ESCAPEE} & {DOUBLE_FORK}; sleep 1001 & exit 4")
    with barepod.run(place, pod(forks, sh("exec sleep 2000", "other")), setup=Setup(mode)) as run:
        run.until(lambda: run.exit_code() == 4)

        run.until(lambda: not _named(run, b"1000") + _named(run, b"1001"))
        run.until(lambda: run.is_running("other"))


def test_a_main_process_that_ignores_sigterm_is_killed_after_its_grace(place: Path) -> None:
    deaf = sh("trap '' TERM; echo deaf; while :; do sleep 0.05; done")
    with barepod.run(place, pod(deaf)) as run:
        run.until(lambda: "deaf" in run.said())

        assert run.stop() == 0
        assert run.exit_code() == 137
        assert run.phase == "Failed"


def test_a_stopped_main_process_is_killed_after_its_grace(place: Path) -> None:
    frozen = sh("echo up; kill -STOP $$; sleep 1000")
    with barepod.run(place, pod(frozen)) as run:
        run.until(lambda: "up" in run.said())
        run.until(lambda: any(_state(pid) == "T" for pid in run.processes()))
        run.until(run.is_running)

        assert run.stop() == 0
        assert run.exit_code() == 137


def test_a_stopped_main_process_fails_its_liveness_probe_and_is_replaced(place: Path) -> None:
    freezes = python(
        "import os, signal, pathlib, time\n"
        f"seen = pathlib.Path({str(place / 'seen')!r})\n"
        "first = not seen.exists(); seen.touch()\n"
        "if first: os.kill(os.getpid(), signal.SIGSTOP)\n"
        f"while True: pathlib.Path({str(place / 'alive')!r}).touch(); time.sleep(0.1)\n",
        livenessProbe=probe(f"test -e {place}/alive", failureThreshold=1),
    )
    with barepod.run(place, pod(freezes, restartPolicy="Always")) as run:
        run.until(lambda: run.is_running(restarts=1))

        run.until((place / "alive").exists)
        assert run.exit_code() == 137


def test_a_main_process_that_closes_its_output_runs_on(place: Path) -> None:
    silent = sh("echo last; exec >&- 2>&-; exec sleep 1000", readinessProbe=probe("true"))
    with barepod.run(place, pod(silent)) as run:
        run.until(lambda: run.is_ready)

        assert run.said() == "last\n"
        assert run.stop() == 0


def test_binary_output_and_half_lines_are_kept_as_they_are(place: Path) -> None:
    code = (
        "import os; os.write(1, bytes(range(256)) + b'half'); os.write(2, b'\\xff\\xfe\\n');"
        "os.write(1, b' line\\n' + b'x' * 40000 + b'\\nend without newline')"
    )
    with barepod.run(place, pod(python(code))) as run:
        assert run.wait() == 0

        logged = run.log_bytes().removesuffix(b"\n")  # as the others, whichever stream is last
        streams: dict[bytes, bytes] = {b"stdout": b"", b"stderr": b""}
        for record in logged.split(b"\n20"):
            _, stream, rest = record.split(b" ", 2)
            flag, _, text = rest.partition(b" ")
            streams[stream] += text + (b"\n" if flag == b"F" else b"")
        whole = bytes(range(256)) + b"half line\n" + b"x" * 40000 + b"\nend without newline"
        assert streams[b"stdout"] == whole
        assert streams[b"stderr"] == b"\xff\xfe\n"


def test_a_restart_that_fails_to_exit_does_not_hold_up_another_pod(place: Path) -> None:
    deaf = pod(
        sh("trap '' TERM; while :; do sleep 0.05; done", livenessProbe=probe("false")),
        name="deaf",
        terminationGracePeriodSeconds=1000,
        restartPolicy="Always",
    )
    quick = pod(sh("sleep 0.1; exit 1"), name="quick", restartPolicy="Always")
    with barepod.run(place, deaf, quick) as run:
        run.until(lambda: any("liveness" in text for text in run.messages("Killing")))
        before = run.pod("quick").status.container_statuses[0].restart_count

        run.until(lambda: run.pod("quick").status.container_statuses[0].restart_count > before + 1)


def _named(run: Run, word: bytes) -> list[int]:
    """Processes of the run with this word in their command line."""
    found = []
    for pid in run.processes():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if word in words:
            found.append(pid)
    return found


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
