"""The whole status of a pod: history, addresses, deadline, publication."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, ProbeResult
from agent.model.status import HostIP, PodIP, PodStatus
from agent.rules.deadline import Eviction
from agent.rules.phase import TERMINAL
from agent.rules.readiness import ProbeBeliefs
from agent.rules.status import (
    PodFacts,
    could_have_running_containers,
    has_initialized,
    pod_status,
    publishable,
)
from tests.support.lifecycle import DEAD_SANDBOX, NOW, PROBE, READY_SANDBOX, pod, run

LATER = NOW + timedelta(seconds=60)
EVICTION = Eviction("DeadlineExceeded", "too long")


def status(one: Pod, *runs: ContainerRun, old: PodStatus | None = None, **facts: Any) -> PodStatus:
    given = PodFacts(**{"runs": runs, "sandboxes": (READY_SANDBOX,), **facts})
    return pod_status(one, given, NOW, old=old)


def ready(one: PodStatus) -> str:
    return next(c.status for c in one.conditions if c.type == "Ready")


def test_a_running_pod_in_full() -> None:
    shown = status(pod(metadata={"generation": 2}), run("web", "running"), host_ips=("127.0.0.1",))

    assert shown.phase == "Running"
    assert shown.observed_generation == 2
    assert shown.start_time == NOW
    assert shown.qos_class == "BestEffort"
    assert (shown.host_ip, shown.host_ips) == ("127.0.0.1", (HostIP(ip="127.0.0.1"),))
    assert (shown.pod_ip, shown.pod_ips) == ("10.0.0.5", (PodIP(ip="10.0.0.5"),))
    assert shown.container_statuses[0].ready
    assert ready(shown) == "True"


def test_a_pod_that_was_just_seen_is_pending() -> None:
    shown = status(pod(init=["i"]), sandboxes=())

    assert shown.phase == "Pending"
    assert shown.pod_ip == ""
    assert [c.status for c in shown.conditions] == ["False", "False", "False", "False", "True"]


def test_the_start_time_is_kept_and_was_cut_to_seconds() -> None:
    first = pod_status(pod(), PodFacts(), NOW + timedelta(microseconds=5))

    assert first.start_time == NOW
    assert pod_status(pod(), PodFacts(), LATER, old=first).start_time == NOW


def test_probe_results_make_a_container_ready() -> None:
    one = pod([{"name": "web", "readinessProbe": PROBE}])
    beliefs = ProbeBeliefs(readiness={"web-10": ProbeResult.SUCCESS})

    assert ready(status(one, run("web", "running"))) == "False"
    assert ready(status(one, run("web", "running"), beliefs=beliefs)) == "True"


def test_a_start_that_failed_is_shown() -> None:
    failures = {"web": ("CrashLoopBackOff", "back-off 10s")}

    shown = status(pod(), run("web", "exited 1"), start_failures=failures)

    waiting = shown.container_statuses[0].state.waiting
    assert waiting is not None
    assert (waiting.reason, waiting.message) == ("CrashLoopBackOff", "back-off 10s")
    assert shown.phase == "Running"


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_phase_that_was_terminal_stays(phase: str) -> None:
    over = PodStatus(phase=phase, reason="Why", message="because")
    shown_as = pod(status={"phase": phase, "reason": "Why", "message": "because"})

    for one in (status(pod(), run("web", "running"), old=over), status(shown_as)):
        assert (one.phase, one.reason, one.message) == (phase, "Why", "because")


def test_what_the_api_shows_as_over_does_not_change_its_phase() -> None:
    one = pod(restartPolicy="Never", status={"phase": "Succeeded"})

    assert status(one, run("web", "exited 1")).phase == "Succeeded"


def test_reason_and_message_last_as_long_as_the_phase() -> None:
    old = PodStatus(phase="Pending", reason="Why", message="because")

    assert status(pod(), old=old).reason == "Why"
    assert status(pod(), run("web", "running"), old=old).reason == ""


def test_a_reason_that_only_the_api_knows_is_taken_over() -> None:
    one = pod(status={"phase": "Pending", "reason": "Why", "message": "because"})

    shown = status(one, old=PodStatus(phase="Pending"))

    assert (shown.reason, shown.message) == ("Why", "because")


def test_an_eviction_fails_the_pod_and_denies_its_readiness() -> None:
    shown = status(pod(), run("web", "running"), eviction=EVICTION)

    assert (shown.phase, shown.reason, shown.message) == ("Failed", "DeadlineExceeded", "too long")
    assert ready(shown) == "False"


def test_a_pod_told_to_end_is_judged_by_its_exit_codes() -> None:
    assert status(pod(), run("web", "exited 0"), is_terminal=True).phase == "Succeeded"
    assert status(pod(), run("web", "exited 1"), is_terminal=True).phase == "Failed"
    assert (
        status(pod(), run("web", "exited 0"), is_terminal=True, is_static=True).phase == "Running"
    )


def test_on_the_host_network_a_pod_has_the_hosts_addresses() -> None:
    shown = status(pod(hostNetwork=True), sandboxes=(), host_ips=("10.1.1.1", "fd00::1"))

    assert (shown.pod_ip, len(shown.pod_ips)) == ("10.1.1.1", 2)


def test_a_pod_keeps_its_address_only_after_its_end() -> None:
    old = PodStatus(pod_ip="10.0.0.5", pod_ips=(PodIP(ip="10.0.0.5"),))

    ended = status(pod(), run("web", "exited 0"), old=old, sandboxes=(), is_terminal=True)
    restarting = status(pod(), old=old, sandboxes=(DEAD_SANDBOX,))

    assert ended.pod_ip == "10.0.0.5"
    assert restarting.pod_ip == ""


def test_foreign_conditions_of_the_api_are_kept() -> None:
    one = pod(status={"conditions": [{"type": "example.org/fed", "status": "True"}]})

    assert status(one).conditions[0].type == "example.org/fed"


def test_a_transition_keeps_its_time_while_nothing_flips() -> None:
    facts = PodFacts(runs=(run("web", "running"),), sandboxes=(READY_SANDBOX,))
    first = pod_status(pod(), facts, NOW)

    second = pod_status(pod(), facts, LATER, old=first)

    assert second == first


def test_a_pod_is_initialised_by_a_container_of_this_sandbox_only() -> None:
    old, new = run("web", "exited 0", in_current_sandbox=False), run("web", "created", at=20)

    assert not has_initialized(pod(), [old, run("stranger", "running")])
    assert has_initialized(pod(), [old, new])


@pytest.mark.parametrize(
    ("state", "alive"),
    [("running", True), ("created", True), ("unknown", True), ("exited 1", False)],
)
def test_what_did_not_exit_may_still_run(state: str, alive: bool) -> None:
    runs = [run("web", "exited 0", at=5), run("web", state)]

    assert could_have_running_containers(runs) is alive


def test_a_terminal_phase_is_held_back_while_something_runs() -> None:
    old = PodStatus(phase="Running", reason="r", message="m")
    new = status(pod(), run("web", "running"), eviction=EVICTION)

    held = publishable(old, new, could_have_running_containers=True)

    assert (held.phase, held.reason, held.message) == ("Running", "r", "m")
    assert publishable(old, new, could_have_running_containers=False) == new


def test_a_pod_that_was_over_before_is_shown_as_over() -> None:
    over = msgspec.structs.replace(status(pod(), run("web", "running")), phase="Failed")

    shown = publishable(over, over, could_have_running_containers=True)

    assert shown.phase == "Failed"
    assert ready(shown) == "False"


@given(st.lists(st.sampled_from(["running", "exited 0", "exited 1", "unknown"]), max_size=8))
def test_a_terminal_phase_is_for_ever(states: list[str]) -> None:
    one = pod(restartPolicy="Never")
    old = PodStatus()
    for at, state in enumerate(states):
        facts = PodFacts(runs=(run("web", state, at=at),), sandboxes=(READY_SANDBOX,))
        new = publishable(
            old,
            pod_status(one, facts, NOW + timedelta(seconds=at), old=old),
            could_have_running_containers=could_have_running_containers(facts.runs),
        )
        assert old.phase not in TERMINAL or new.phase == old.phase
        old = new
