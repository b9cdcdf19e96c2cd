"""The worker's state machine over restarts, and what holds for every run of results."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.handler import Probe
from agent.model.runtime import Outcome, ProbeKind, ProbeResult
from agent.rules.probe import Gate, ProbeFacts, ProbeState, gate, is_news, observe

KINDS = st.sampled_from(list(ProbeKind))
OUTCOMES = st.sampled_from(list(Outcome))


def running(container_id: str, *, started: bool = True) -> ProbeFacts:
    return ProbeFacts(container_id=container_id, running=True, started=started)


def adopt(state: ProbeState, container_id: str) -> ProbeState:
    facts = running(container_id, started=state.kind is not ProbeKind.STARTUP)
    return gate(state, facts, ran_for=100, initial_delay=0)[1]


@pytest.mark.parametrize("kind", [ProbeKind.LIVENESS, ProbeKind.STARTUP])
def test_a_hold_ends_with_the_container(kind: ProbeKind) -> None:
    spec = Probe(success_threshold=1, failure_threshold=1)
    failed = observe(adopt(ProbeState(kind), "c1"), Outcome.FAILURE, spec)

    verdict, held = gate(failed, running("c1"), ran_for=100, initial_delay=0)
    fresh = observe(adopt(held, "c2"), Outcome.SUCCESS, spec)

    assert (verdict, held.result) == (Gate.SKIP, ProbeResult.FAILURE)
    assert (fresh.result, fresh.on_hold) == (ProbeResult.SUCCESS, kind is ProbeKind.STARTUP)


def test_failures_that_were_counted_before_a_crash_count_on() -> None:
    spec = Probe(success_threshold=1, failure_threshold=3)
    state = adopt(ProbeState(ProbeKind.LIVENESS), "c1")
    for _ in range(2):
        state = observe(state, Outcome.FAILURE, spec)

    after = observe(adopt(state, "c2"), Outcome.FAILURE, spec)

    assert (after.result, after.on_hold) == (ProbeResult.FAILURE, True)


def test_successes_before_a_restart_make_the_next_container_ready_at_once() -> None:
    spec = Probe(success_threshold=3, failure_threshold=1)
    state = adopt(ProbeState(ProbeKind.READINESS), "c1")
    for _ in range(3):
        state = observe(state, Outcome.SUCCESS, spec)

    adopted = adopt(state, "c2")

    assert adopted.result is ProbeResult.FAILURE
    assert observe(adopted, Outcome.SUCCESS, spec).result is ProbeResult.SUCCESS


def test_a_repeated_result_costs_no_new_state() -> None:
    spec = Probe(success_threshold=1, failure_threshold=2)
    ready = observe(adopt(ProbeState(ProbeKind.READINESS), "c1"), Outcome.SUCCESS, spec)

    assert observe(ready, Outcome.SUCCESS, spec) is ready
    assert observe(ready, Outcome.ERROR, spec) is ready


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(ProbeKind.LIVENESS, False), (ProbeKind.READINESS, True), (ProbeKind.STARTUP, True)],
)
def test_the_first_belief_is_news_except_for_liveness(kind: ProbeKind, expected: bool) -> None:
    before = ProbeState(kind)

    assert is_news(before, adopt(before, "c1")) is expected


def test_only_changes_are_news_and_of_liveness_only_failures() -> None:
    spec = Probe(success_threshold=1, failure_threshold=1)
    alive = adopt(ProbeState(ProbeKind.LIVENESS), "c1")
    dead = observe(alive, Outcome.FAILURE, spec)
    ready = observe(adopt(ProbeState(ProbeKind.READINESS), "c1"), Outcome.SUCCESS, spec)
    restarted = adopt(ready, "c2")

    assert is_news(alive, dead)
    assert not is_news(alive, observe(alive, Outcome.SUCCESS, spec))
    assert not is_news(dead, adopt(dead, "c2"))
    assert is_news(ready, restarted)
    assert is_news(restarted, adopt(restarted, "c3"))


@given(KINDS, st.integers(1, 4), st.integers(1, 4), st.lists(OUTCOMES, max_size=20))
def test_a_full_run_of_equal_results_always_decides(
    kind: ProbeKind, success: int, failure: int, before: list[Outcome]
) -> None:
    spec = Probe(success_threshold=success, failure_threshold=failure)
    for last, count in ((Outcome.SUCCESS, success), (Outcome.FAILURE, failure)):
        state = adopt(ProbeState(kind), "c1")
        for outcome in before + [last] * count:
            if not state.on_hold:
                state = observe(state, outcome, spec)

        expected = ProbeResult.SUCCESS if last is Outcome.SUCCESS else ProbeResult.FAILURE
        assert state.on_hold or state.result is expected


@given(KINDS, st.lists(OUTCOMES, max_size=20))
def test_the_belief_changes_only_with_the_result_just_seen(
    kind: ProbeKind, outcomes: list[Outcome]
) -> None:
    spec = Probe(success_threshold=2, failure_threshold=3)
    state = adopt(ProbeState(kind), "c1")
    for outcome in outcomes:
        after = observe(state, outcome, spec)
        if after.result is not state.result:
            failed = outcome is Outcome.FAILURE
            assert after.result is (ProbeResult.FAILURE if failed else ProbeResult.SUCCESS)
            assert outcome is not Outcome.ERROR
        if after.on_hold:
            break
        state = after


@given(
    KINDS,
    st.builds(
        ProbeFacts,
        container_id=st.sampled_from(["", "c1", "c2"]),
        running=st.booleans(),
        terminated=st.booleans(),
        started=st.booleans(),
        may_restart=st.booleans(),
        pod_ended=st.booleans(),
        pod_deleted=st.booleans(),
    ),
    st.floats(0, 100),
)
def test_only_a_running_container_is_probed(
    kind: ProbeKind, facts: ProbeFacts, ran_for: float
) -> None:
    verdict, state = gate(adopt(ProbeState(kind), "c1"), facts, ran_for=ran_for, initial_delay=5)

    if verdict is Gate.PROBE:
        assert facts.running
        assert ran_for >= 5
        assert state.container_id == facts.container_id
