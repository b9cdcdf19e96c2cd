"""The plan: what holds for every pod and every history."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, ProbeResult, RunState
from agent.rules.plan import PodActions, compute_pod_actions
from agent.rules.restart import is_sidecar
from tests.support.lifecycle import DEAD_SANDBOX, PROBE, READY_SANDBOX, pod, run

INIT = ("i", "j")
SIDECARS = ("s", "t")
REGULAR = ("a", "b")
NAMES = INIT + SIDECARS + REGULAR
STATES = ("running", "changed", "created", "unknown", "exited 0", "exited 1", "exited 137")


def plan(one: Pod, runs: list[ContainerRun], **results: dict[str, ProbeResult]) -> PodActions:
    given = {"liveness": results.get("liveness", {}), "startup": results.get("startup", {})}
    return compute_pod_actions(one, runs, (READY_SANDBOX,), **given)


@st.composite
def situations(draw: st.DrawFn) -> dict[str, Any]:
    """A pod with all kinds of containers, and any history of them."""
    probed = {"livenessProbe": PROBE, "startupProbe": PROBE}
    policies = st.sampled_from([None, "Always", "OnFailure", "Never"])
    one = pod(
        [{"name": name, "restartPolicy": draw(policies), **probed} for name in REGULAR],
        init=draw(st.sampled_from([(), INIT])),
        sidecars=[{"name": name, **probed} for name in draw(st.sampled_from([(), SIDECARS]))],
        restartPolicy=draw(st.sampled_from(["Always", "OnFailure", "Never"])),
    )
    runs = [
        run(name, draw(st.sampled_from(STATES)), at=at)
        for name in draw(st.sets(st.sampled_from(NAMES)))
        for at in draw(st.sampled_from([(10.0,), (10.0, 20.0)]))
    ]
    verdicts = st.dictionaries(
        st.sampled_from([one.container_id for one in runs] or ["none"]),
        st.sampled_from(ProbeResult),
    )
    return {
        "pod": one,
        "runs": runs,
        "sandboxes": draw(st.sampled_from([(), (READY_SANDBOX,), (DEAD_SANDBOX,)])),
        "liveness": draw(verdicts),
        "startup": draw(verdicts),
    }


def decided(situation: dict[str, Any]) -> PodActions:
    facts = dict(situation)
    return compute_pod_actions(facts.pop("pod"), facts.pop("runs"), **facts)


@given(situations())
def test_nothing_starts_beside_its_own_living_run(situation: dict[str, Any]) -> None:
    actions = decided(situation)

    alive = {run.name for run in latest(situation["runs"]) if run.state is RunState.RUNNING}
    killed = {kill.name for kill in actions.containers_to_kill}
    started = actions.init_containers_to_start + actions.containers_to_start
    assert actions.kill_pod or not (alive - killed).intersection(started)


@given(situations())
def test_every_kill_has_a_reason_in_its_message(situation: dict[str, Any]) -> None:
    actions = decided(situation)

    started = actions.init_containers_to_start + actions.containers_to_start
    for kill in actions.containers_to_kill:
        assert kill.container_id in {run.container_id for run in latest(situation["runs"])}
        assert any(
            word in kill.message for word in ("probe", "definition changed", "try killing it")
        )
        if kill.message.endswith("will be restarted"):
            assert kill.name in started


@given(situations())
def test_nothing_is_started_or_killed_twice(situation: dict[str, Any]) -> None:
    actions = decided(situation)

    started = actions.init_containers_to_start + actions.containers_to_start
    killed = [kill.container_id for kill in actions.containers_to_kill]
    assert len(set(started)) == len(started)
    assert len(set(killed)) == len(killed)


@given(situations())
def test_starts_are_in_the_order_of_the_spec(situation: dict[str, Any]) -> None:
    actions = decided(situation)

    spec = situation["pod"].spec
    for started, containers in (
        (actions.init_containers_to_start, spec.init_containers),
        (actions.containers_to_start, spec.containers),
    ):
        assert list(started) == [c.name for c in containers if c.name in started]


@given(situations())
def test_at_most_one_ordinary_init_container_is_started(situation: dict[str, Any]) -> None:
    actions = decided(situation)

    ordinary = [c.name for c in situation["pod"].spec.init_containers if not is_sidecar(c)]
    assert len(set(ordinary).intersection(actions.init_containers_to_start)) <= 1


@given(situations())
def test_a_pod_that_is_killed_for_good_starts_nothing(situation: dict[str, Any]) -> None:
    actions = decided(situation)

    if actions.kill_pod and not actions.create_sandbox:
        assert not actions.init_containers_to_start
        assert not actions.containers_to_start


@given(situations(), st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(situation: dict[str, Any], random: Any) -> None:
    shuffled = list(situation["runs"])
    random.shuffle(shuffled)

    assert decided({**situation, "runs": shuffled}) == decided(situation)


@given(situations())
def test_a_pod_gets_somewhere(situation: dict[str, Any]) -> None:
    """Doing what the plan says, with every start and every probe succeeding, comes to rest."""
    one, runs, sandboxes = situation["pod"], list(situation["runs"]), situation["sandboxes"]
    liveness, startup = situation["liveness"], situation["startup"]
    for step in range(20):
        actions = compute_pod_actions(one, runs, sandboxes, liveness=liveness, startup=startup)
        if actions.kill_pod and not actions.create_sandbox:
            return
        runs = [ended(run) if gone(run, actions) else run for run in runs]
        if actions.create_sandbox:
            sandboxes = (replace(READY_SANDBOX, attempt=actions.attempt),)
        started = [
            run(name, "exited 0" if name in INIT else "running", at=100 + step)
            for name in actions.init_containers_to_start + actions.containers_to_start
        ]
        runs += started
        believed = (liveness, startup)
        liveness = startup = {run.container_id: ProbeResult.SUCCESS for run in runs}
        if believed == (liveness, startup) and not started:
            waiting = {run.name for run in latest(runs) if run.state is RunState.RUNNING}
            assert waiting.intersection(INIT + REGULAR)
            return
    raise AssertionError("the pod never comes to rest")


def latest(runs: list[ContainerRun]) -> list[ContainerRun]:
    by_name = {run.name: run for run in sorted(runs, key=lambda run: run.created_at)}
    return list(by_name.values())


def gone(run: ContainerRun, actions: PodActions) -> bool:
    killed = {kill.container_id for kill in actions.containers_to_kill}
    return run.state is not RunState.EXITED and (actions.kill_pod or run.container_id in killed)


def ended(run: ContainerRun) -> ContainerRun:
    return replace(run, state=RunState.EXITED, exit_code=137)


def test_an_ephemeral_container_is_started_once_and_never_again() -> None:
    debugged = pod(ephemeralContainers=[{"name": "debug", "image": "tools"}], init=["i"])

    assert plan(debugged, []).ephemeral_containers_to_start == ("debug",)
    assert plan(debugged, [run("debug", "exited 1")]).ephemeral_containers_to_start == ()


def test_only_the_newest_record_counts() -> None:
    runs = [run("web", "exited 1", at=20), run("web", "running", at=10)]

    assert plan(pod(), runs).containers_to_start == ("web",)
    assert plan(pod(), list(reversed(runs))).containers_to_start == ("web",)


def test_a_deleted_pod_starts_nothing() -> None:
    deleted = pod(metadata={"deletionTimestamp": "2025-06-01T12:00:00Z"})

    actions = plan(deleted, [run("web", "exited 1")])

    assert actions.kill_pod
    assert not actions.containers_to_start


def test_a_verdict_about_an_earlier_run_is_ignored() -> None:
    runs = [run("web", "exited 1", at=10), run("web", "running", at=20)]

    actions = plan(pod(), runs, liveness={"web-10": ProbeResult.FAILURE})

    assert actions == PodActions(sandbox_id="sb-0")


def test_a_liveness_verdict_without_a_probe_does_not_touch_a_sidecar() -> None:
    runs = [run("s", "running"), run("web", "running")]

    actions = plan(pod(sidecars=["s"]), runs, liveness={"s-10": ProbeResult.FAILURE})

    assert not actions.containers_to_kill


def test_a_record_without_a_hash_is_taken_to_be_of_this_definition() -> None:
    old = replace(run("web", "changed"), spec_hash="")

    assert not plan(pod(), [old]).containers_to_kill


def test_an_init_container_that_ran_out_of_memory_failed_even_with_exit_code_zero() -> None:
    one = pod(init=["i"])
    oom = replace(run("i", "exited 0"), reason="OOMKilled")

    assert plan(one, [oom]).init_containers_to_start == ("i",)
    never = msgspec.structs.replace(
        one, spec=msgspec.structs.replace(one.spec, restart_policy="Never")
    )
    assert plan(never, [oom]).kill_pod


def test_a_dead_sandbox_under_never_with_a_first_attempt_unknown_is_made_again() -> None:
    never = pod(["a"], restartPolicy="Never")

    actions = compute_pod_actions(never, [run("a", "exited 0")], (), liveness={}, startup={})

    assert actions == PodActions(kill_pod=True, create_sandbox=True, containers_to_start=("a",))


def test_without_the_gate_the_containers_policy_is_not_looked_at() -> None:
    one = pod([{"name": "web", "restartPolicy": "Always"}], restartPolicy="Never")

    actions = compute_pod_actions(
        one,
        [run("web", "exited 0")],
        (READY_SANDBOX,),
        liveness={},
        startup={},
        features=frozenset(),
    )

    assert actions.kill_pod
