"""Strategic merge patches beyond the recorded cases, and the laws that patches keep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.patch import diff, strategic
from agent.api.patch.error import PatchError
from agent.model.node import Node
from agent.model.pod import Pod


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
    assert status["details"]["causes"] == [{"message": "lists of lists are not supported"}]


_NAMES = st.lists(st.sampled_from("abcdef"), unique=True)
_LABELS = st.dictionaries(st.sampled_from("klmn"), st.sampled_from("123"), max_size=4)


@st.composite
def _pods(draw: st.DrawFn) -> dict[str, Any]:
    """Pods with lists of each kind."""
    containers = [
        {
            "name": name,
            "image": draw(st.sampled_from(["i", "j"])),
            "env": [{"name": key, "value": draw(st.sampled_from("12"))} for key in draw(_NAMES)],
            "command": draw(st.lists(st.sampled_from("xy"), max_size=2)),
        }
        for name in draw(_NAMES)
    ]
    volumes = [
        {"name": name, **draw(st.sampled_from([{"emptyDir": {}}, {"hostPath": {"path": "/"}}]))}
        for name in draw(_NAMES)
    ]
    return {
        "metadata": {"labels": draw(_LABELS), "finalizers": draw(_NAMES)},
        "spec": {"containers": containers, "volumes": volumes},
    }


@given(_pods(), _pods())
def test_a_two_way_patch_leads_from_one_object_to_the_other(
    original: dict[str, Any], modified: dict[str, Any]
) -> None:
    patch = diff.two_way(Pod, original, modified)
    assert strategic.merge(Pod, original, patch) == modified


@given(_pods(), _pods())
def test_a_patch_applied_twice_does_no_more_than_once(
    original: dict[str, Any], modified: dict[str, Any]
) -> None:
    patch = diff.two_way(Pod, original, modified)
    once = strategic.merge(Pod, original, patch)
    assert strategic.merge(Pod, once, patch) == once


@given(_pods(), _pods())
def test_a_three_way_patch_without_others_is_a_round_trip(
    original: dict[str, Any], modified: dict[str, Any]
) -> None:
    patch = diff.three_way(Pod, original, modified, original)
    assert strategic.merge(Pod, original, patch) == modified


@given(_pods(), _pods())
def test_a_three_way_patch_keeps_what_others_have_set(
    original: dict[str, Any], modified: dict[str, Any]
) -> None:
    current = {**original, "metadata": {**original["metadata"], "uid": "u"}}
    patch = diff.three_way(Pod, original, modified, current)
    assert strategic.merge(Pod, current, patch)["metadata"]["uid"] == "u"


def test_a_conflict_is_told_when_nothing_may_be_overwritten() -> None:
    base, ours, theirs = ({"spec": {"hostname": name}} for name in ("a", "b", "c"))
    with pytest.raises(PatchError, match="conflicts with changes made from original to current"):
        diff.three_way(Pod, base, ours, theirs, overwrite=False)
    assert diff.three_way(Pod, base, ours, base, overwrite=False) == {"spec": {"hostname": "b"}}


def test_retained_keys_are_named_when_the_source_of_a_volume_changes() -> None:
    before = pod(volumes=[{"name": "v", "emptyDir": {}}])
    after = pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}])
    (volume,) = diff.two_way(Pod, before, after)["spec"]["volumes"]
    assert volume["$retainKeys"] == ["hostPath", "name"]
