"""Init containers: what holds for every history."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.model.runtime import ProbeResult, RunState
from agent.rules.init import compute_init_actions
from agent.rules.runs import latest_by_name
from tests.support.lifecycle import PROBE, pod, run

STATES = st.sampled_from(("running", "created", "unknown", "exited 0", "exited 1"))
INIT = ("i", "j", "k")


def test_a_pod_without_init_containers_is_initialised() -> None:
    actions = compute_init_actions(pod(), {}, liveness={}, startup={})

    assert actions.initialized
    assert not actions.start


@given(st.dictionaries(st.sampled_from(INIT), STATES))
def test_regular_containers_wait_for_the_last_init_container(states: dict[str, str]) -> None:
    runs = latest_by_name([run(name, state) for name, state in states.items()])

    actions = compute_init_actions(pod(init=INIT), runs, liveness={}, startup={})

    assert actions.initialized is (states.get("k") == "exited 0")


@given(st.dictionaries(st.sampled_from((*INIT, "web")), STATES))
def test_a_finished_init_container_is_not_run_again(states: dict[str, str]) -> None:
    runs = latest_by_name([run(name, state) for name, state in states.items()])

    actions = compute_init_actions(pod(init=INIT), runs, liveness={}, startup={})

    last_known = [name for name in INIT if name in states][-1:]
    if states.get(last_known[0] if last_known else "") == "exited 0":
        assert last_known[0] not in actions.start


@given(st.dictionaries(st.sampled_from(INIT), STATES))
def test_an_initialised_pod_runs_no_ordinary_init_container(states: dict[str, str]) -> None:
    runs = [run(name, state) for name, state in states.items()]
    latest = latest_by_name([*runs, run("web", "running")])

    actions = compute_init_actions(pod(init=INIT), latest, liveness={}, startup={})

    assert actions.start == ()
    assert actions.kill == ()
    assert not actions.failed


@given(st.sampled_from([None, *ProbeResult]))
def test_a_sidecar_opens_the_way_only_when_its_startup_probe_succeeded(
    result: ProbeResult | None,
) -> None:
    one = pod(sidecars=[{"name": "s", "startupProbe": PROBE}])
    latest = {"s": run("s", "running")}
    startup = {} if result is None else {"s-10": result}

    actions = compute_init_actions(one, latest, liveness={}, startup=startup)

    assert actions.initialized is (result is ProbeResult.SUCCESS)
    assert bool(actions.kill) is (result is ProbeResult.FAILURE)
    assert latest["s"].state is RunState.RUNNING
