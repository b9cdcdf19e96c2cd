"""The moment at which a pod runs out of time."""

from __future__ import annotations

from datetime import timedelta

from agent.rules.deadline import deadline
from tests.support.lifecycle import NOW, pod


def test_the_deadline_counts_from_the_start() -> None:
    assert deadline(pod(activeDeadlineSeconds=90), NOW) == NOW + timedelta(seconds=90)


def test_a_pod_without_one_or_without_a_start_never_runs_out() -> None:
    assert deadline(pod(), NOW) is None
    assert deadline(pod(activeDeadlineSeconds=90), None) is None
