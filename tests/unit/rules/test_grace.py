"""Grace: what holds for every budget."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.runtime import KillReason
from agent.rules.grace import (
    MINIMUM_GRACE_PERIOD,
    GraceBudget,
    effective_grace_period,
    grace_budget,
)
from tests.support.lifecycle import PROBE, pod

SECONDS = st.integers(min_value=0, max_value=4000)
#: Shares whose products and sums are exact as floats.
FRACTIONS = st.integers(min_value=0, max_value=2**20).map(lambda part: part / 2**20)


@given(SECONDS, FRACTIONS, FRACTIONS)
def test_the_budget_is_never_exceeded(grace: int, hook: float, turn: float) -> None:
    """Each step is bounded by what remains; truncation costs less than a second a step."""
    budget = GraceBudget(grace)
    spent = 0.0
    for share in (hook, turn):
        elapsed = share * max(budget.remaining, 0)
        spent += elapsed
        budget = budget.after(elapsed)

    assert 0 <= budget.remaining <= grace
    assert spent + budget.remaining < grace + 2
    assert spent + budget.stop_timeout < grace + 2 + MINIMUM_GRACE_PERIOD


@given(st.lists(st.tuples(st.none() | SECONDS, st.none() | SECONDS), min_size=1, max_size=6))
def test_a_grace_period_only_shrinks(requests: list[tuple[int | None, int | None]]) -> None:
    """But for one quirk of the kubelet: a deletion with zero counts as none beside an override."""
    previous = 0
    for deletion, override in requests:
        if deletion == 0 and override is not None:
            continue
        one = pod(
            metadata={"deletionGracePeriodSeconds": deletion}, terminationGracePeriodSeconds=30
        )
        grace = effective_grace_period(one, previous, override)

        assert grace.seconds >= 1
        assert not previous or grace.seconds <= previous
        assert grace.shortened is (0 < grace.seconds < previous)
        previous = grace.seconds


@pytest.mark.parametrize(("override", "seconds"), [(None, 7), (3, 3), (0, 0), (90, 90)])
def test_an_override_replaces_even_the_probes_grace(override: int | None, seconds: int) -> None:
    one = pod(
        [{"name": "web", "livenessProbe": {**PROBE, "terminationGracePeriodSeconds": 7}}],
        terminationGracePeriodSeconds=30,
    )

    budget = grace_budget(one, one.spec.containers[0], KillReason.LIVENESS_PROBE, override)

    assert budget == GraceBudget(seconds)
