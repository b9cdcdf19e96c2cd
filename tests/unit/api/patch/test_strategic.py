"""Strategic merge patches beyond the recorded cases, and the laws that patches keep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from agent.api.patch import diff, strategic
from agent.api.patch.error import PatchError
from agent.model.node import Node
from agent.model.pod import Pod
from tests.support.patches import pods


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": list(containers), **spec}}


@pytest.mark.parametrize(
    ("patch", "names"),
    [
        ({"containers": [{"name": "b", "image": "x"}]}, "abc"),
        ({"containers": [{"name": "n"}]}, "nabc"),
        ({"containers": [{"name": "a", "$patch": "delete"}]}, "bc"),
        ({"containers": [{"name": "n"}, {"$patch": "replace"}]}, "n"),
        ({"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}]}, "bca"),
        ({"$setElementOrder/containers": [{"name": "n"}], "containers": [{"name": "n"}]}, "nabc"),
        ({"$setElementOrder/containers": [{"name": "zz"}]}, "abc"),
    ],
)
def test_containers_are_merged_by_name(patch: dict[str, Any], names: str) -> None:
    merged = strategic.merge(Pod, pod(*({"name": name} for name in "abc")), {"spec": patch})
    assert "".join(item["name"] for item in merged["spec"]["containers"]) == names


def test_a_merge_does_not_change_what_it_is_given() -> None:
    original, patch = pod({"name": "a"}), {"spec": {"containers": [{"name": "a", "image": "i"}]}}
    strategic.merge(Pod, original, patch)
    assert original == pod({"name": "a"})
    assert patch == {"spec": {"containers": [{"name": "a", "image": "i"}]}}


def test_new_values_carry_no_nulls_and_no_directives() -> None:
    patch = {"spec": {"securityContext": {"runAsUser": None, "seLinuxOptions": {"$patch": "x"}}}}
    merged = strategic.merge(Pod, pod(), patch)
    assert merged["spec"]["securityContext"] == {}


def test_numbers_of_another_type_are_other_items() -> None:
    original = pod({"name": "c", "ports": [{"containerPort": 1}]})
    patch = {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": True}]}]}}
    merged = strategic.merge(Pod, original, patch)
    assert merged["spec"]["containers"][0]["ports"] == [
        {"containerPort": True},
        {"containerPort": 1},
    ]


def test_primitive_lists_are_sets() -> None:
    original = {"spec": {"podCIDRs": ["a", "b"]}}
    merged = strategic.merge(Node, original, {"spec": {"podCIDRs": ["c", "a"]}})
    assert merged["spec"]["podCIDRs"] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("patch", "text"),
    [
        ({"containers": [{"image": "i"}]}, "does not contain declared merge key: name"),
        ({"containers": [[]]}, "list element types are not identical"),
        ({"$setElementOrder/nope": []}, "unable to find api field in struct PodSpec"),
        ({"$setElementOrder": []}, "invalid patch format of setElementOrder list"),
        ({"$deleteFromPrimitiveList": []}, "invalid patch format of primitive list"),
        ({"$patch": 5}, "unknown patch type: %!s(int64=5) in map: map[$patch:5]"),
        ({"$setElementOrder/containers": []}, "not an error"),
    ],
)
def test_what_cannot_be_merged_is_refused(patch: dict[str, Any], text: str) -> None:
    original = pod({"name": "a"})
    if text == "not an error":
        assert strategic.merge(Pod, original, {"spec": patch}) == original
        return
    with pytest.raises(PatchError) as caught:
        strategic.merge(Pod, original, {"spec": patch})
    assert text in str(caught.value)


def test_lists_of_lists_are_unprocessable_and_the_cause_says_why() -> None:
    with pytest.raises(PatchError) as caught:
        strategic.merge(Pod, pod(), {"spec": {"containers": [["x"]]}})
    status = caught.value.status
    assert (status["code"], status["reason"]) == (422, "Invalid")
    assert status["details"]["causes"] == [
        {"message": "lists of lists are not supported", "field": "patch"}
    ]


@given(pods(), pods())
def test_a_patch_applied_twice_does_no_more_than_once(
    original: dict[str, Any], modified: dict[str, Any]
) -> None:
    patch = diff.two_way(Pod, original, modified)
    once = strategic.merge(Pod, original, patch)
    assert strategic.merge(Pod, once, patch) == once
