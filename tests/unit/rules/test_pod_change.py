"""An edited manifest: nothing, a change in place, or another pod."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from agent.model.status import PodStatus
from agent.rules.pod_change import PodChange, pod_change, updated
from tests.support.builders import container, pod


def stored(**fields: Any) -> Pod:
    """A pod that runs."""
    given = pod(**fields)
    return replace(
        given,
        metadata=replace(given.metadata, resource_version="7", generation=1),
        spec=replace(given.spec, node_name="vm"),
        status=PodStatus(phase="Running"),
    )


def wanted(*args: Any, **fields: Any) -> Pod:
    """A pod as its manifest gives it: without a UID."""
    return replace(pod(*args, **fields), metadata=ObjectMeta(name="p", namespace="default"))


def with_metadata(given: Pod, **fields: Any) -> Pod:
    return replace(given, metadata=replace(given.metadata, **fields))


EDITED_IMAGE = replace(container("c"), image="other", image_pull_policy="Always")


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (wanted(), PodChange.NONE),
        (with_metadata(wanted(), labels={"a": "b"}), PodChange.IN_PLACE),
        (with_metadata(wanted(), annotations={"a": "b"}), PodChange.IN_PLACE),
        (wanted(EDITED_IMAGE), PodChange.IN_PLACE),
        (with_metadata(wanted(EDITED_IMAGE), labels={"a": "b"}), PodChange.IN_PLACE),
        (wanted(replace(EDITED_IMAGE, command=("false",))), PodChange.REPLACE),
        (wanted(container("other")), PodChange.REPLACE),
        (wanted(container("c"), container("d")), PodChange.REPLACE),
        (wanted(init=(container("i"),)), PodChange.REPLACE),
        (wanted(grace=31), PodChange.REPLACE),
        (wanted(priority=1), PodChange.REPLACE),
        (with_metadata(wanted(), uid="u"), PodChange.NONE),
        (with_metadata(wanted(), uid="other"), PodChange.REPLACE),
    ],
)
def test_what_an_edit_means(new: Pod, expected: PodChange) -> None:
    assert pod_change(stored(), new) is expected


def test_the_order_of_containers_is_no_image() -> None:
    old = stored(init=(container("a"), container("b")))
    new = wanted(init=(container("b"), container("a")))

    assert pod_change(old, new) is PodChange.REPLACE


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_cannot_run_another_image_in_place(phase: str) -> None:
    ended = replace(stored(), status=PodStatus(phase=phase))

    assert pod_change(ended, wanted(EDITED_IMAGE)) is PodChange.REPLACE
    assert pod_change(ended, wanted()) is PodChange.NONE
    assert pod_change(ended, with_metadata(wanted(), labels={"a": "b"})) is PodChange.IN_PLACE


def test_an_updated_pod_keeps_its_identity_node_and_status() -> None:
    result = updated(stored(), with_metadata(wanted(EDITED_IMAGE), labels={"a": "b"}))

    assert result.metadata.uid == "u"
    assert result.metadata.resource_version == "7"
    assert result.metadata.labels == {"a": "b"}
    assert result.spec.node_name == "vm"
    assert result.spec.containers == (EDITED_IMAGE,)
    assert result.status.phase == "Running"


def test_the_generation_counts_changes_of_the_spec_alone() -> None:
    assert updated(stored(), wanted(EDITED_IMAGE)).metadata.generation == 2
    assert updated(stored(), with_metadata(wanted(), labels={"a": "b"})).metadata.generation == 1
