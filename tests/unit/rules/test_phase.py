"""The phase: what the conformance table leaves open."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.rules.phase import TERMINAL, pod_phase
from tests.support.lifecycle import pod, statuses

WORDS = st.sampled_from(["run", "start", "ok", "fail", "wait", "wLT", "wNZ", "empty"])
RULES = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]


@given(
    st.dictionaries(st.sampled_from(["a", "b"]), WORDS),
    st.dictionaries(st.sampled_from(["i", "s"]), WORDS),
    st.sampled_from(["Always", "OnFailure", "Never"]),
    st.booleans(),
)
def test_a_pod_of_which_something_runs_is_over_only_by_a_failed_init_container(
    regular: dict[str, str], init: dict[str, str], policy: str, terminal: bool
) -> None:
    one = pod(["a", "b"], init=["i"], sidecars=["s"], restartPolicy=policy)

    phase = pod_phase(
        one, statuses(init), statuses(regular), is_terminal=terminal, has_initialized=True
    )

    runs = {"run", "start"}.intersection((*regular.values(), *init.values()))
    if phase in TERMINAL and init.get("i") not in ("fail", "wNZ"):
        assert not runs
        assert set(regular) == {"a", "b"}


@pytest.mark.parametrize(
    ("pod_policy", "fields", "word", "phase"),
    [
        ("Never", {"restartPolicy": "Always"}, "ok", "Running"),
        ("Always", {"restartPolicy": "Never"}, "ok", "Succeeded"),
        ("Always", {"restartPolicy": "Never"}, "fail", "Failed"),
        ("Never", {"restartPolicy": "OnFailure"}, "ok", "Succeeded"),
        ("Never", {"restartPolicy": "OnFailure"}, "fail", "Running"),
        ("Never", {"restartPolicy": "OnFailure"}, "wLT", "Running"),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": RULES}, "fail", "Running"),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": RULES}, "wNZ", "Running"),
        ("Never", {"restartPolicy": "Never", "restartPolicyRules": RULES}, "ok", "Succeeded"),
    ],
)
def test_a_containers_own_policy_decides_whether_it_is_over(
    pod_policy: str, fields: dict[str, Any], word: str, phase: str
) -> None:
    one = pod([{"name": "web", **fields}], restartPolicy=pod_policy)

    decided = pod_phase(one, (), statuses({"web": word}), is_terminal=False, has_initialized=True)

    assert decided == phase


def test_without_the_gate_only_the_pods_policy_counts() -> None:
    one = pod([{"name": "web", "restartPolicy": "Always"}], restartPolicy="Never")

    phase = pod_phase(
        one,
        (),
        statuses({"web": "ok"}),
        is_terminal=False,
        has_initialized=True,
        features=frozenset(),
    )

    assert phase == "Succeeded"


def test_one_restarting_container_keeps_the_pod_alive() -> None:
    one = pod(["a", {"name": "b", "restartPolicy": "Always"}], restartPolicy="Never")

    phase = pod_phase(
        one, (), statuses({"a": "fail", "b": "ok"}), is_terminal=False, has_initialized=True
    )

    assert phase == "Running"


def test_a_container_that_is_to_come_back_keeps_the_pod_alive_although_it_ended_well() -> None:
    one = pod(restartPolicy="OnFailure")

    def phase(coming_back: tuple[str, ...]) -> str:
        return pod_phase(
            one,
            (),
            statuses({"web": "ok"}),
            is_terminal=False,
            has_initialized=True,
            coming_back=coming_back,
        )

    assert phase(("web",)) == "Running"
    assert phase(()) == "Succeeded"
