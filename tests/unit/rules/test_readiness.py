"""Readiness: what the conformance table leaves open."""

from __future__ import annotations

from agent.model.runtime import ProbeResult
from agent.rules.container_status import container_statuses
from agent.rules.readiness import ProbeBeliefs, mark_ready_started
from tests.support.lifecycle import PROBE, pod, run


def test_a_belief_about_an_earlier_run_does_not_count() -> None:
    one = pod([{"name": "web", "readinessProbe": PROBE}])
    runs = [run("web", "exited 1", at=10), run("web", "running", at=20)]
    beliefs = ProbeBeliefs(readiness={"web-10": ProbeResult.SUCCESS})

    (web,) = mark_ready_started(one, container_statuses(one, runs, None, {}), beliefs).regular

    assert web.started
    assert not web.ready


def test_ephemeral_containers_are_left_as_they_are() -> None:
    one = pod(ephemeralContainers=[{"name": "debug"}])
    statuses = container_statuses(one, [run("debug", "running")], None, {})

    marked = mark_ready_started(one, statuses, ProbeBeliefs())

    assert marked.ephemeral == statuses.ephemeral
    assert marked.ephemeral[0].started is None
