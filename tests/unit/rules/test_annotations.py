"""The annotations under barepod.dev/: what they ask for, and what cannot be used."""

from __future__ import annotations

import pytest

from agent.rules.annotations import (
    drain_seconds,
    problems,
    readiness_command,
)
from tests.support.builders import annotated, pod


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("5", 5), ("2.5", 2.5), (".5", 0.5), ("86400", 86400)]
)
def test_drain_seconds_are_a_number(text: str, seconds: float) -> None:
    given = annotated(pod(), drain_seconds=text)

    assert drain_seconds(given) == seconds
    assert problems(given) == ()


@pytest.mark.parametrize(
    "text", ["", ".", "-1", "+1", "5s", "1e3", "1_0", " 1", "nan", "inf", "86401", "٣", "1.2.3"]
)
def test_other_drain_seconds_cannot_be_used(text: str) -> None:
    given = annotated(pod(), drain_seconds=text)

    assert drain_seconds(given) == 0
    assert len(problems(given)) == 1


def test_without_annotations_nothing_is_asked_for() -> None:
    assert drain_seconds(pod()) == 0
    assert readiness_command(pod(), ready=True) == ()
    assert problems(pod()) == ()


def test_readiness_commands_are_json_arrays() -> None:
    both = annotated(pod(), on_ready='["sh", "-c", "up now"]', on_not_ready='["down"]')

    assert readiness_command(both, ready=True) == ("sh", "-c", "up now")
    assert readiness_command(both, ready=False) == ("down",)


@pytest.mark.parametrize(
    "text", ["", "up", '"up"', "[]", '[""]', '["up", 1]', '["up\\u0000"]', '["up"'], ids=repr
)
def test_other_readiness_commands_cannot_be_used(text: str) -> None:
    given = annotated(pod(), on_ready=text)

    assert readiness_command(given, ready=True) == ()
    assert len(problems(given)) == 1


def test_every_problem_is_told_and_names_its_annotation() -> None:
    found = problems(annotated(pod(), drain_seconds="soon", on_ready="up", on_not_ready="x" * 200))

    assert found == (
        'annotation barepod.dev/drain-seconds: "soon": must be a number of seconds from 0 to 86400',
        'annotation barepod.dev/on-ready: "up": must be a command as a JSON array of strings',
        f'annotation barepod.dev/on-not-ready: "{"x" * 100}...": '
        "must be a command as a JSON array of strings",
    )
