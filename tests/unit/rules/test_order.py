"""Termination order: nobody waits for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.rules.order import has_order, waits_for
from tests.support.lifecycle import pod

NAMES = ("i", "s", "t", "u", "a", "b")


@given(st.sets(st.sampled_from(NAMES)))
def test_there_is_always_somebody_who_need_not_wait(running: set[str]) -> None:
    one = pod(["a", "b"], init=["i"], sidecars=["s", "t", "u"])
    ended: set[str] = set()

    while ended != running:
        free = {name for name in running - ended if waits_for(one, name, running).issubset(ended)}
        assert free
        ended |= free


def test_a_pod_without_sidecars_has_no_order() -> None:
    assert not has_order(pod(["a", "b"], init=["i"]))
