"""Defaults: the rows are in tests/conformance/tables/defaults.yaml."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from agent.manifest.decode import decode, encode
from agent.manifest.defaults import default_pod
from agent.model.pod import Pod
from tests.support.pod_values import PODS


@settings(max_examples=40)
@given(PODS)
def test_defaults_change_nothing_that_was_said_and_nothing_twice(value: dict[str, Any]) -> None:
    pod = decode(Pod, value).object

    once = default_pod(pod)

    assert default_pod(once) == once
    assert [c.image for c in once.spec.containers] == [c.image for c in pod.spec.containers]
    assert once.metadata == pod.metadata


def test_annotations_of_the_old_init_containers_are_dropped() -> None:
    annotations = {"pod.beta.kubernetes.io/init-containers": "[]", "mine": "x"}

    pod = default_pod(decode(Pod, {"metadata": {"annotations": annotations}}).object)

    assert pod.metadata.annotations == {"mine": "x"}


def test_resources_of_the_pod_follow_from_those_of_its_containers() -> None:
    value = {
        "spec": {
            "resources": {"limits": {"memory": "2Gi"}},
            "containers": [
                {"resources": {"requests": {"cpu": "200m"}}},
                {"resources": {"requests": {"cpu": "0.3"}}},
            ],
        }
    }

    pod = default_pod(decode(Pod, value).object)

    assert encode(pod)["spec"]["resources"] == {
        "limits": {"memory": "2Gi"},
        "requests": {"cpu": "500m", "memory": "2Gi"},
    }
