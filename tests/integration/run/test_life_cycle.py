"""The life of a pod with real processes: order, hooks, probes, restarts, deadlines, messages."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support import barepod
from tests.support.barepod import Run, Setup, hook, pod, probe, sh

pytestmark = pytest.mark.integration


def test_init_containers_run_in_order_and_before_everything_else(place: Path) -> None:
    diary = place / "diary"
    manifest = pod(
        sh(f"echo main >> {diary}"),
        initContainers=[
            sh(f"sleep 0.1; echo first >> {diary}", "first"),
            sh(f"echo second >> {diary}", "second"),
        ],
    )
    with barepod.run(place, manifest) as run:
        assert run.wait() == 0

        assert diary.read_text().split() == ["first", "second", "main"]
        assert [_state(status) for status in run.statuses("c")] == [
            "PodInitializing",
            "Running",
            "Completed",
        ]
        started = run.messages("Started")
        assert started == [f"Started container {name}" for name in ("first", "second", "c")]


def test_a_failing_init_container_is_retried_until_its_dependency_is_there(place: Path) -> None:
    flag = place / "flag"
    manifest = pod(
        sh("echo main"), initContainers=[sh(f"test -e {flag}", "wait")], restartPolicy="OnFailure"
    )
    with barepod.run(place, manifest) as run:
        run.until(lambda: run.waits_for("CrashLoopBackOff", "wait"))
        assert run.phase == "Pending"
        assert run.log() == []

        flag.touch()

        assert run.wait() == 0
        assert run.said() == "main\n"


def test_a_failed_init_container_of_a_pod_that_never_restarts_gives_its_code(place: Path) -> None:
    with barepod.run(place, pod(sh("echo no"), initContainers=[sh("exit 9", "init")])) as run:
        assert run.wait() == 9
        assert run.phase == "Failed"
        assert _state(run.status("c")) == "PodInitializing"
        assert run.log() == []


def test_a_crash_loop_is_shown_with_its_reason_its_count_and_its_last_state(place: Path) -> None:
    with barepod.run(place, pod(sh("exit 3"), restartPolicy="Always")) as run:
        run.until(lambda: run.waits_for("CrashLoopBackOff") and run.status().restart_count >= 2)

        status = run.status()
        assert status.state.waiting is not None
        uid = run.pod().metadata.uid
        assert status.state.waiting.message.endswith(
            f"restarting failed container=c pod=p_default({uid})"
        )
        assert status.last_state.terminated is not None
        assert status.last_state.terminated.exit_code == 3
        assert run.messages("BackOff") == [
            f"Back-off restarting failed container c in pod p_default({uid})"
        ]
        shown = [_state(one) for one in run.statuses()]
        assert shown[shown.index("CrashLoopBackOff") - 1] == "Error"


def test_a_failed_liveness_probe_restarts_the_container_and_says_so(place: Path) -> None:
    sick = place / "sick"
    main = sh(
        f"rm -f {sick}; echo up; exec sleep 1000",
        livenessProbe=probe(f"if test -e {sick}; then echo unwell; false; fi", failureThreshold=2),
    )
    with barepod.run(place, pod(main, restartPolicy="Always")) as run:
        run.until(lambda: "up" in run.said())
        sick.touch()
        run.until(lambda: run.is_running(restarts=1))

        assert "Liveness probe failed: unwell\n" in run.messages("Unhealthy")
        assert run.events("Unhealthy")[0].count == 2
        assert run.messages("Killing") == ["Container c failed liveness probe, will be restarted"]
        (killing,) = run.events("Killing")
        assert killing.involved_object.field_path == "spec.containers{c}"
        assert run.exit_code() == 143


def test_readiness_goes_and_returns_without_a_restart(place: Path) -> None:
    ready = place / "ready"
    main = sh("exec sleep 1000", readinessProbe=probe(f"test -e {ready}", failureThreshold=1))
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: run.events("Unhealthy"))
        assert not run.is_ready
        for _ in range(2):
            ready.touch()
            run.until(lambda: run.is_ready)
            ready.unlink()
            run.until(lambda: not run.is_ready)
        assert run.status().restart_count == 0


def test_a_startup_probe_protects_a_slow_start(place: Path) -> None:
    up = place / "up"
    main = sh(
        f"sleep 1.2; touch {up}; exec sleep 1000",
        startupProbe=probe(f"test -e {up}", failureThreshold=30),
        livenessProbe=probe(f"test -e {up}", failureThreshold=1),
    )
    with barepod.run(place, pod(main, restartPolicy="Always")) as run:
        run.until(lambda: run.status().started and run.is_ready)

        assert run.status().restart_count == 0
        assert all(text.startswith("Startup probe") for text in run.messages("Unhealthy"))


def test_post_start_holds_back_the_status_and_the_next_container(place: Path) -> None:
    gate = place / "gate"
    wait = hook(f"until test -e {gate}; do sleep 0.02; done")
    manifest = pod(
        sh("echo at work; exec sleep 1000", "first", lifecycle={"postStart": wait}),
        sh("exec sleep 1000", "second"),
    )
    with barepod.run(place, manifest) as run:
        run.until(lambda: "at work" in run.said("first") and run.messages("Started"))
        assert _state(run.status("first")) == "ContainerCreating"
        assert run.messages("Started") == ["Started container first"]

        gate.touch()

        run.until(lambda: run.phase == "Running" and run.is_running("second"))


def test_a_failing_post_start_hook_kills_the_container_after_its_pre_stop(place: Path) -> None:
    hooks = {"postStart": hook("echo broken; exit 7"), "preStop": hook(f"touch {place}/stopped")}
    with barepod.run(place, pod(sh("exec sleep 1000", lifecycle=hooks))) as run:
        assert run.wait() == 143

        assert run.messages("FailedPostStartHook") == ["PostStartHook failed"]
        assert run.messages("Killing") == ["FailedPostStartHook"]
        assert (place / "stopped").exists()


def test_a_hung_post_start_hook_does_not_hold_up_the_end(place: Path) -> None:
    main = sh("exec sleep 1000", lifecycle={"postStart": hook("exec sleep 2000")})
    with barepod.run(place, pod(main)) as run:
        run.until(lambda: run.messages("Started"))

        assert run.stop() == 0
        assert run.processes() == []


def test_pre_stop_runs_beside_the_main_process_before_its_signal(place: Path) -> None:
    drain = hook(f"echo begun > {place}/drain; sleep 0.3; echo done >> {place}/drain")
    main = sh(
        f"trap 'cat {place}/drain; exit 0' TERM; echo up; while :; do sleep 0.02; done",
        lifecycle={"preStop": drain},
    )
    with barepod.run(place, pod(main, terminationGracePeriodSeconds=10)) as run:
        run.until(lambda: "up" in run.said())

        assert run.stop() == 0
        assert run.said() == "up\nbegun\ndone\n"


def test_a_failing_pre_stop_hook_is_told_and_does_not_hold_up_the_end(place: Path) -> None:
    main = sh("exec sleep 1000", lifecycle={"preStop": hook("exit 1")})
    with barepod.run(place, pod(main, terminationGracePeriodSeconds=100)) as run:
        run.until(run.is_running)

        assert run.stop() == 0
        assert run.messages("FailedPreStopHook") == ["PreStopHook failed"]


def test_an_endless_pre_stop_hook_leaves_two_seconds_and_dies_with_its_container(
    place: Path,
) -> None:
    main = sh("exec sleep 1000", lifecycle={"preStop": hook("exec sleep 2000")})
    with barepod.run(place, pod(main)) as run:
        run.until(run.is_running)

        assert run.stop() == 0
        assert run.exit_code() == 143
        assert run.processes() == []


def test_leftovers_of_a_stopped_container_get_its_signal_and_its_grace(place: Path) -> None:
    trap = "trap 'sleep 0.1; echo child done; exit 0' TERM"
    child = f"{trap}; echo child up; while :; do sleep 0.02; done"
    main = sh(f'(setsid sh -c "{child}" &) ; exec sleep 1000')
    with barepod.run(place, pod(main, terminationGracePeriodSeconds=10)) as run:
        run.until(lambda: "child up" in run.said())

        assert run.stop() == 0
        assert "child done" in run.said()


def test_leftovers_of_a_container_that_ended_by_itself_are_killed_at_once(place: Path) -> None:
    child = f"trap 'touch {place}/told' TERM; echo child up; while :; do sleep 0.02; done"
    main = sh(f'setsid sh -c "{child}" & sleep 0.3; exit 6')
    with barepod.run(place, pod(main, terminationGracePeriodSeconds=1000)) as run:
        assert run.wait() == 6
        assert run.said() == "child up\n"
        assert not (place / "told").exists()


def test_a_sidecar_starts_before_and_ends_after_the_containers_it_serves(place: Path) -> None:
    diary = place / "diary"
    trap = f"trap 'echo proxy stops >> {diary}; exit 0' TERM"
    proxy = sh(
        f"{trap}; echo proxy >> {diary}; touch {place}/up; while :; do sleep 0.02; done",
        "proxy",
        restartPolicy="Always",
        startupProbe=probe(f"test -e {place}/up"),
    )
    after = sh(f"echo init >> {diary}", "init")
    main = sh(f"echo main >> {diary}; sleep 0.1; echo main ends >> {diary}")
    with barepod.run(place, pod(main, initContainers=[proxy, after])) as run:
        assert run.wait() == 0

        assert diary.read_text().splitlines() == [
            "proxy",
            "init",
            "main",
            "main ends",
            "proxy stops",
        ]
        assert run.phase == "Succeeded"
        assert run.messages("Killing") == ["Stopping container proxy"]


def test_a_sidecar_is_stopped_after_the_main_container_when_the_pod_is(place: Path) -> None:
    diary = place / "diary"

    def diarist(name: str, **fields: Any) -> barepod.Fields:
        script = f"trap 'sleep 0.1; echo {name} >> {diary}; exit 0' TERM; echo up"
        return sh(f"{script}; while :; do sleep 0.02; done", name, **fields)

    sidecars = [diarist(name, restartPolicy="Always") for name in ("s1", "s2")]
    manifest = pod(diarist("main"), initContainers=sidecars, terminationGracePeriodSeconds=20)
    with barepod.run(place, manifest) as run:
        run.until(lambda: all("up" in run.said(name) for name in ("main", "s1", "s2")))

        assert run.stop() == 0
        assert diary.read_text().split() == ["main", "s2", "s1"]


def test_a_sidecar_that_crashes_comes_back_even_if_the_pod_never_restarts(place: Path) -> None:
    proxy = sh("echo up; exec sleep 1000", "proxy", restartPolicy="Always")
    with barepod.run(place, pod(sh("exec sleep 2000"), initContainers=[proxy])) as run:
        run.until(run.is_running)

        os.kill(_find(run, b"1000"), signal.SIGKILL)

        run.until(lambda: run.is_running("proxy", restarts=1))
        assert run.status().restart_count == 0


def test_the_active_deadline_ends_and_fails_the_pod(place: Path) -> None:
    with barepod.run(place, pod(sh("exec sleep 1000"), activeDeadlineSeconds=1)) as run:
        assert run.wait() == 143
        assert (run.phase, run.pod().status.reason) == ("Failed", "DeadlineExceeded")
        text = "Pod was active on the node longer than the specified deadline"
        assert run.messages("DeadlineExceeded") == [text]
        assert run.pod().status.message == text


def test_a_job_is_repeated_until_it_succeeds(place: Path) -> None:
    count = f"{place}/count"
    job = sh(f"echo x >> {count}; test $(wc -l < {count}) -ge 3")
    with barepod.run(place, pod(job, restartPolicy="OnFailure")) as run:
        assert run.wait() == 0
        assert run.status().restart_count == 2
        assert run.phase == "Succeeded"


def test_rules_restart_a_container_by_its_exit_code(place: Path) -> None:
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}
    codes = f"if test -e {place}/once; then exit 5; fi; touch {place}/once; exit 42"
    main = sh(codes, restartPolicy="Never", restartPolicyRules=[rule])
    with barepod.run(place, pod(main, restartPolicy="Never")) as run:
        assert run.wait() == 5
        assert run.status().restart_count == 1


def test_the_termination_message_is_what_the_container_left_in_its_file(place: Path) -> None:
    with barepod.run(place, pod(sh('echo -n last words > "$BAREPOD_TERMINATION_LOG"'))) as run:
        assert run.wait() == 0
        assert _message(run) == "last words"
        assert list((place / "run" / "pods").rglob("c.*")) == []


def test_the_termination_message_falls_back_to_the_last_output_of_a_failure(place: Path) -> None:
    policy = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    manifest = pod(
        sh("echo one; echo two >&2; exit 1", "bad", **policy),
        sh("echo fine", "good", **policy),
        sh("echo unseen; exit 1", "file"),
    )
    with barepod.run(place, manifest) as run:
        assert run.wait() == 1
        assert sorted(_message(run, "bad").splitlines()) == ["one", "two"]
        assert _message(run, "good") == ""
        assert _message(run, "file") == ""


def test_the_log_of_the_previous_run_is_kept_and_no_older_one(place: Path) -> None:
    count = f"{place}/count"
    main = sh(f"echo x >> {count}; wc -l < {count}; test $(wc -l < {count}) -ge 4 && sleep 1000")
    with barepod.run(place, pod(main, restartPolicy="Always")) as run:
        run.until(lambda: run.said(attempt=3) == "4\n" and not run.log(attempt=1))

        assert run.said(attempt=2) == "3\n"
        (folder,) = run.log_dir.glob("default_p_*")
        assert sorted(path.name for path in (folder / "c").iterdir()) == ["2.log", "3.log"]


def test_a_log_is_written_in_the_cri_format(place: Path) -> None:
    with barepod.run(place, pod(sh("echo out; echo err >&2; printf half"))) as run:
        assert run.wait() == 0

        stamps, streams, flags, texts = zip(
            *(line.split(" ", 3) for line in run.log()), strict=True
        )
        assert sorted(zip(streams, flags, texts, strict=True)) == [
            ("stderr", "F", "err"),
            ("stdout", "F", "out"),
            ("stdout", "P", "half"),
        ]
        for stamp in stamps:
            day, _, clock = stamp.partition("T")
            assert len(day) == 10
            assert len(clock.partition(".")[2].rstrip("Z").partition("+")[0]) == 9


def test_the_first_events_of_a_pod_are_those_of_a_kubelet(place: Path) -> None:
    with barepod.run(place, pod(sh("true"))) as run:
        assert run.wait() == 0
        assert [(e.type, e.reason, e.message, e.source.component) for e in run.events()] == [
            ("Normal", "Scheduled", "Successfully assigned default/p to vm", "default-scheduler"),
            ("Normal", "Pulled", 'Container image "none" already present on machine', "kubelet"),
            ("Normal", "Created", "Created container: c", "kubelet"),
            ("Normal", "Started", "Started container c", "kubelet"),
        ]


def test_text_output_shows_events_status_and_prefixed_lines(place: Path) -> None:
    with barepod.run(place, pod(sh("echo hello")), setup=Setup(output="text")) as run:
        assert run.wait() == 0
        assert "c | hello" in run.lines
        started = [line.split() for line in run.lines if "Started" in line]
        assert started == [["Normal", "Started", "p/c", "Started", "container", "c"]]
        statuses = [line.split()[1] for line in run.lines if line.startswith("Pod ")]
        assert statuses[-1] == "Completed"
        assert run.stderr == ""


def test_text_output_gives_an_event_one_line(place: Path) -> None:
    chatty = probe("echo one; echo two; false", failureThreshold=1)
    setup = Setup(output="text")
    with barepod.run(place, pod(sh("sleep 1000", readinessProbe=chatty)), setup=setup) as run:
        run.until(lambda: any("Unhealthy" in line for line in run.lines))
        run.stop()

        assert any(line.endswith("Readiness probe failed: one ...") for line in run.lines)
        assert "two" not in "".join(run.lines)


def _state(status: Any) -> str:
    state = status.state
    if state.running is not None:
        return "Running"
    return str((state.waiting or state.terminated).reason)


def _message(run: Run, container: str = "c") -> str:
    ended = run.status(container).state.terminated
    return ended.message if ended is not None else "(did not end)"


def _find(run: Run, word: bytes) -> int:
    for pid in run.processes():
        if word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            return pid
    raise AssertionError(f"no process {word!r}")
