"""Pods that are resized."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model.pod import Pod
from tests.support.updates import pod, texts, update


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        ({"containers": []}, "spec.containers: Forbidden: containers may not be added or removed"),
        ({"containers": [{"name": "d", "image": "i"}]}, "may not be renamed or reordered"),
        (
            {
                "containers": [
                    {"name": "c", "image": "i", "resources": {"requests": {"x.y/z": "1"}}}
                ]
            },
            "only cpu and memory resources are mutable",
        ),
        ({"os": {"name": "windows"}}, "windows pods cannot be resized"),
    ],
)
def test_a_resize_that_is_refused(spec: dict[str, Any], wrong: str) -> None:
    old = pod(os=spec["os"]) if "os" in spec else pod()
    assert any(wrong in text for text in texts(update(pod(**spec), old, "resize")))


@pytest.mark.parametrize(
    ("policy", "wrong"),
    [
        (None, "spec: Forbidden: resources for non-sidecar init containers are immutable"),
        ("Always", ""),
    ],
)
def test_a_resize_of_init_containers_is_for_sidecars(policy: str | None, wrong: str) -> None:
    def with_init(cpu: str) -> Pod:
        resources = {"requests": {"cpu": cpu}}
        init = {"name": "i", "image": "i", "restartPolicy": policy, "resources": resources}
        return pod(initContainers=[init])

    assert texts(update(with_init("2"), with_init("1"), "resize")) == ([wrong] if wrong else [])


def test_a_resize_changes_resources_only() -> None:
    limits = {"requests": {"cpu": "2"}}
    sent = pod(containers=[{"name": "c", "image": "z", "resources": limits}], hostname="h")
    updated = update(sent, pod(), "resize")
    assert updated.errors == ()
    (container,) = updated.object.spec.containers
    assert (container.image, container.resources.requests) == ("i", {"cpu": "2"})
    assert updated.object.spec.hostname == ""
