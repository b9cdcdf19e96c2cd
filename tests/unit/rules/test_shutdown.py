"""The order in which pods end."""

from __future__ import annotations

from msgspec.structs import replace

from agent.model.pod import Pod
from agent.rules.shutdown import longest_stop, shutdown_groups
from tests.support.builders import annotated, pod


def named(name: str, priority: int | None) -> Pod:
    given = pod(priority=priority)
    return replace(given, metadata=replace(given.metadata, name=name))


def test_low_priorities_end_first_and_none_means_zero() -> None:
    pods = [named("high", 10), named("none", None), named("low", -5), named("zero", 0)]

    groups = shutdown_groups(pods)

    names = [[one.metadata.name for one in group] for group in groups]
    assert names == [["low"], ["none", "zero"], ["high"]]


def test_a_stop_takes_as_long_as_the_slowest_pod_of_each_group() -> None:
    slow = annotated(pod(grace=30, priority=1), drain_seconds="5.5")
    pods = [pod(grace=10), pod(grace=20), slow, annotated(pod(grace=7), drain_seconds="never")]

    assert longest_stop(pods) == (20 + 2) + (30 + 2 + 5.5)
    assert longest_stop([]) == 0


def test_without_pods_nothing_ends() -> None:
    assert shutdown_groups([]) == []
