"""Which events a pod's life leaves, in which order, how often, about which object (virtual)."""

from __future__ import annotations

import pytest

from agent.action.result import ActionResult, Outcome
from agent.model.event import Event
from agent.pod.starter import StartError
from tests.support.builders import container, lifecycle, pod, probe, sidecar
from tests.support.node import FAILURE, SUCCESS, Behaviour, Node, Script

pytestmark = pytest.mark.asyncio

SICK = Script(lambda _: FAILURE)


def _told(node: Node) -> list[tuple[str, str, str, int]]:
    return [(one.type, one.reason, one.message, one.count) for one in node.recorded()]


def _one(node: Node, reason: str) -> Event:
    (event,) = [one for one in node.recorded() if one.reason == reason]
    return event


async def test_a_plain_pod_from_start_to_deletion() -> None:
    node = Node(pod())

    await node.stopped_at(5, 30)

    assert _told(node) == [
        ("Normal", "Pulled", 'Container image "i" already present on machine', 1),
        ("Normal", "Created", "Created container: c", 1),
        ("Normal", "Started", "Started container c", 1),
        ("Normal", "Killing", "Stopping container c", 1),
    ]
    assert {one.involved_object.field_path for one in node.recorded()} == {"spec.containers{c}"}
    assert {one.source.component for one in node.recorded()} == {"kubelet"}


async def test_a_pod_that_ends_by_itself_tells_of_no_killing() -> None:
    node = Node(pod(restart_policy="Never"), {"c": Behaviour(lives=[(3, 0)])})

    await node.run_for(10)

    assert [reason for _, reason, _, _ in _told(node)] == ["Pulled", "Created", "Started"]


async def test_a_crash_loop_counts_its_events() -> None:
    node = Node(pod(), {"c": Behaviour(lives=[(1, 1)])})

    await node.run_for(40)

    # Starts at 0, 1, 12 and 33 s; held back at 2, 13 and 34 s.
    back_off = "Back-off restarting failed container c in pod p_default(u)"
    assert _told(node) == [
        ("Normal", "Pulled", 'Container image "i" already present on machine', 4),
        ("Normal", "Created", "Created container: c", 4),
        ("Normal", "Started", "Started container c", 4),
        ("Warning", "BackOff", back_off, 3),
    ]
    event = _one(node, "BackOff")
    assert event.first_timestamp is not None
    assert event.last_timestamp is not None
    assert (event.last_timestamp - event.first_timestamp).total_seconds() == 32


async def test_a_liveness_restart_from_its_failures_to_the_new_run() -> None:
    alive = probe("alive", period_seconds=5, failure_threshold=2)
    node = Node(
        pod(container("c", liveness_probe=alive, lifecycle=lifecycle(pre_stop="bye"))),
        scripts={"c alive": SICK, "c bye": SICK},
    )

    await node.run_for(14)

    assert _told(node) == [
        ("Normal", "Pulled", 'Container image "i" already present on machine', 2),
        ("Normal", "Created", "Created container: c", 2),
        ("Normal", "Started", "Started container c", 2),
        ("Warning", "Unhealthy", "Liveness probe failed: no good", 2),
        ("Normal", "Killing", "Container c failed liveness probe, will be restarted", 1),
        ("Warning", "FailedPreStopHook", "PreStopHook failed", 1),
    ]


async def test_a_failed_post_start_hook_from_start_to_killing() -> None:
    node = Node(
        pod(container("c", lifecycle=lifecycle(post_start="warm")), restart_policy="Never"),
        scripts={"c warm": SICK},
    )

    await node.run_for(14)

    assert _told(node)[3:] == [
        ("Warning", "FailedPostStartHook", "PostStartHook failed", 1),
        ("Normal", "Killing", "FailedPostStartHook", 1),
    ]


async def test_every_kind_of_probe_tells_of_every_failure() -> None:
    sick = {"period_seconds": 2, "failure_threshold": 100}
    node = Node(
        pod(
            container("c", liveness_probe=probe("l", **sick), readiness_probe=probe("r", **sick)),
            container("d", startup_probe=probe("s", **sick)),
        ),
        scripts={"c l": SICK, "c r": SICK, "d s": SICK},
    )

    await node.run_for(9)

    unhealthy = [one for one in node.recorded() if one.reason == "Unhealthy"]
    assert {(e.message, e.involved_object.field_path) for e in unhealthy} == {
        ("Liveness probe failed: no good", "spec.containers{c}"),
        ("Readiness probe failed: no good", "spec.containers{c}"),
        ("Startup probe failed: no good", "spec.containers{d}"),
    }
    counts = {e.message.split()[0]: e.count for e in unhealthy}
    assert counts["Liveness"] == counts["Startup"] == 4
    assert counts["Readiness"] == len(node.times("probe c r"))
    assert {e.type for e in unhealthy} == {"Warning"}


async def test_a_probe_warning_is_no_failure() -> None:
    text = "Probe terminated redirects, Response body: moved"
    node = Node(
        pod(container("c", liveness_probe=probe("l", period_seconds=2, failure_threshold=1))),
        scripts={"c l": Script(lambda _: ActionResult(Outcome.WARNING, text))},
    )

    await node.run_for(5)

    assert _told(node)[3:] == [("Warning", "ProbeWarning", f"Liveness probe warning: {text}", 2)]


async def test_failures_with_ever_new_texts_are_combined_and_then_dropped() -> None:
    ready = probe("r", period_seconds=1)
    node = Node(
        pod(container("c", readiness_probe=ready)),
        scripts={"c r": Script(lambda now: ActionResult(Outcome.FAILURE, f"failed at {now:.0f}"))},
    )

    await node.run_for(60)

    unhealthy = [one for one in node.recorded() if one.reason == "Unhealthy"]
    assert len(unhealthy) == 10
    assert unhealthy[-1].message.startswith("(combined from similar events): Readiness probe")
    assert sum(one.count for one in unhealthy) == 25


async def test_a_start_that_fails_says_why_after_created_or_instead_of_it() -> None:
    config = StartError("CreateContainerConfigError", 'secret "x" not found')
    node = Node(pod(), {"c": Behaviour(start_errors=[config, None])})

    await node.run_for(15)

    failed = _one(node, "Failed")
    assert (failed.type, failed.message) == ("Warning", 'Error: secret "x" not found')
    assert failed.involved_object.field_path == "spec.containers{c}"


async def test_a_sidecar_and_an_init_container_tell_in_the_order_of_their_starts() -> None:
    node = Node(pod(init=(sidecar("s"), container("i"))), {"i": Behaviour(lives=[(1, 0)])})

    await node.run_for(3)

    started = [one for one in node.recorded() if one.reason == "Started"]
    assert [(e.message, e.involved_object.field_path) for e in started] == [
        ("Started container s", "spec.initContainers{s}"),
        ("Started container i", "spec.initContainers{i}"),
        ("Started container c", "spec.containers{c}"),
    ]


async def test_the_deadline_is_told_once_before_the_killing() -> None:
    node = Node(pod(active_deadline_seconds=3), {"c": Behaviour(stop_takes=5)})

    await node.run_for(20)

    assert _told(node)[3:] == [
        (
            "Normal",
            "DeadlineExceeded",
            "Pod was active on the node longer than the specified deadline",
            1,
        ),
        ("Normal", "Killing", "Stopping container c", 1),
    ]
    assert _one(node, "DeadlineExceeded").involved_object.field_path == ""


async def test_a_hook_that_falls_back_to_http_tells_it_of_the_pod() -> None:
    fallback = ActionResult(Outcome.SUCCESS, fallback="127.0.0.1:443")
    node = Node(
        pod(container("c", lifecycle=lifecycle(post_start="warm"))),
        scripts={"c warm": Script(lambda _: fallback)},
    )

    await node.run_for(2)

    event = _one(node, "LifecycleHTTPFallback")
    assert event.type == "Warning"
    assert event.involved_object.field_path == ""
    assert event.message == (
        "request to HTTPS lifecycle hook 127.0.0.1:443 got HTTP response, retry with HTTP succeeded"
    )


async def test_a_container_in_back_off_is_not_told_of_again_when_another_becomes_ready() -> None:
    ready = probe("r", period_seconds=1)
    node = Node(
        pod(container("a"), container("b", readiness_probe=ready)),
        {"a": Behaviour(lives=[(1, 1)])},
        {"b r": Script(lambda now: SUCCESS if now >= 6 else FAILURE)},
    )

    await node.run_for(11)

    assert len(node.events("BackOff")) == 1
