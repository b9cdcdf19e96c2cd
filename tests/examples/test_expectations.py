"""The little language in which an example says what it must reach."""

from __future__ import annotations

import pytest

from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.model.status import ContainerStatus, PodCondition, PodStatus
from tests.support.examples import Expectation, Seen, parse, seen_of, unmet


def test_every_clause_is_read() -> None:
    expected = parse("Running; readiness: True False True; restarts>=2; events: Unhealthy, Killing")

    assert expected == Expectation(
        phase="Running",
        readiness=("True", "False", "True"),
        restarts=2,
        may_restart_more=True,
        events=("Unhealthy", "Killing"),
    )


def test_ready_means_that_it_was_true_once() -> None:
    assert parse("Running; ready") == Expectation(phase="Running", readiness=("True",))


@pytest.mark.parametrize(
    "text",
    ["", "ready", "Runnning", "Running; Failed", "Running; restarts>1", "Running; readiness: Yes",
     "Running; events:", "Running;"],
)  # fmt: skip
def test_what_is_not_in_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^barepod\.dev/expect: "):
        parse(text)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Running", Seen(phases=["Pending"])),
        ("Succeeded", Seen(phases=["Succeeded", "Failed"])),
        ("Running; ready", Seen(phases=["Running"], readiness=["False"])),
        ("Running; readiness: True False", Seen(phases=["Running"], readiness=["False", "True"])),
        ("Running; restarts=0", Seen(phases=["Running"], restarts=1)),
        ("Running; restarts>=2", Seen(phases=["Running"], restarts=1)),
        ("Running; events: BackOff, Killing", Seen(phases=["Running"], events={"Killing"})),
    ],
)
def test_a_promise_that_is_not_kept_is_named(text: str, seen: Seen) -> None:
    assert len(unmet(parse(text), seen)) == 1


def test_a_promise_that_is_kept_leaves_nothing_to_say() -> None:
    seen = Seen(
        phases=["Pending", "Running", "Failed"],
        readiness=["False", "True", "False", "True", "False"],
        restarts=3,
        events={"Started", "Killing"},
    )

    text = "Running; readiness: True False True; restarts>=2; events: Killing"
    assert unmet(parse(text), seen) == []


def test_what_is_seen_is_summed_up_for_one_pod() -> None:
    def pod(name: str, phase: str, ready: str, restarts: int) -> Pod:
        status = PodStatus(
            phase=phase,
            conditions=(PodCondition(type="Ready", status=ready),),
            container_statuses=(ContainerStatus(name="c", restart_count=restarts),),
        )
        return Pod(metadata=ObjectMeta(name=name), status=status)

    changes: list[tuple[str, Pod | Event]] = [
        ("ADDED", pod("a", "Pending", "False", 0)),
        ("MODIFIED", pod("a", "Running", "False", 0)),
        ("MODIFIED", pod("b", "Failed", "True", 7)),
        ("MODIFIED", pod("a", "Running", "True", 1)),
    ]

    assert seen_of(changes, "a") == Seen(
        phases=["Pending", "Running"], readiness=["False", "True"], restarts=1
    )
