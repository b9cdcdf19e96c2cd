"""Patches that are made: two-way, three-way, and the laws that they keep."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from agent.api.patch import diff, strategic
from agent.model.pod import Pod
from tests.support.patches import pods


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": list(containers), **spec}}


def reached(original: dict[str, Any], modified: dict[str, Any]) -> dict[str, Any]:
    """What a patch comes to: Kubernetes does not see that words have only been sorted."""
    before, after = (pod["metadata"]["finalizers"] for pod in (original, modified))
    if sorted(before) != after:
        return modified
    return {**modified, "metadata": {**modified["metadata"], "finalizers": before}}


@given(pods(), pods())
def test_a_two_way_patch_leads_from_one_object_to_the_other(
    original: dict[str, Any], modified: dict[str, Any]
) -> None:
    patch = diff.two_way(Pod, original, modified)
    assert strategic.merge(Pod, original, patch) == reached(original, modified)


@given(pods(), pods())
def test_a_three_way_patch_without_others_is_a_round_trip(
    original: dict[str, Any], modified: dict[str, Any]
) -> None:
    patch = diff.three_way(Pod, original, modified, original)
    assert strategic.merge(Pod, original, patch) == reached(original, modified)


@given(pods(), pods())
def test_a_three_way_patch_keeps_what_others_have_set(
    original: dict[str, Any], modified: dict[str, Any]
) -> None:
    current = {**original, "metadata": {**original["metadata"], "uid": "u"}}
    patch = diff.three_way(Pod, original, modified, current)
    assert strategic.merge(Pod, current, patch)["metadata"]["uid"] == "u"


def test_retained_keys_are_named_when_the_source_of_a_volume_changes() -> None:
    before = pod(volumes=[{"name": "v", "emptyDir": {}}])
    after = pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}])
    (volume,) = diff.two_way(Pod, before, after)["spec"]["volumes"]
    assert volume["$retainKeys"] == ["hostPath", "name"]
