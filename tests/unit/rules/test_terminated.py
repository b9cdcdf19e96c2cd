"""The last status of a pod: what the conformance table leaves open."""

from __future__ import annotations

import msgspec

from agent.rules.terminated import terminate_pod
from tests.support.lifecycle import pod, status, statuses


def test_a_lost_container_says_that_it_was_lost() -> None:
    one = pod()
    shown = msgspec.structs.replace(one.status, container_statuses=statuses({"web": "run"}))

    ended = terminate_pod(one, shown).container_statuses[0].state.terminated

    assert ended is not None
    assert ended.message == "The container could not be located when the pod was terminated"
    assert ended.exit_code == 137


def test_an_init_container_that_the_spec_does_not_know_proves_nothing() -> None:
    one = pod(init=["i"], status={"initContainerStatuses": [{"name": "j"}]})
    shown = msgspec.structs.replace(
        one.status,
        container_statuses=(status("web", "wait"),),
        init_container_statuses=(status("j", "done"),),
    )

    assert terminate_pod(one, shown).container_statuses[0].state.waiting is not None


def test_a_pod_without_any_status_just_fails() -> None:
    one = pod(init=["i"])

    assert terminate_pod(one, one.status).phase == "Failed"
