"""A slip is recognised, and nothing is made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.manifest.suggest import did_you_mean, distance, nearest

FIELDS = ("periodSeconds", "timeoutSeconds", "httpGet", "exec", "grpc", "successThreshold")


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("periodSecond", "periodSeconds"),
        ("periodseconds", "periodSeconds"),
        ("peroidSeconds", "periodSeconds"),
        ("http", "httpGet"),
        ("exce", "exec"),
        ("successTreshold", "successThreshold"),
        ("command", None),
        ("x", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_found(slip: str, meant: str | None) -> None:
    assert nearest(slip, FIELDS) == meant


def test_the_question_is_asked_only_when_there_is_a_guess() -> None:
    assert did_you_mean("exce", FIELDS) == " (did you mean exec?)"
    assert did_you_mean("qqqq", FIELDS) == ""
    assert did_you_mean("a", ()) == ""


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_distance_is_symmetric_and_zero_only_for_the_same(left: str, right: str) -> None:
    assert distance(left, right, 9) == distance(right, left, 9)
    assert (distance(left, right, 9) == 0) == (left == right)
