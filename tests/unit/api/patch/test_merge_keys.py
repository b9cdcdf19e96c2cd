"""The patch tags name fields that the model has."""

from __future__ import annotations

import pytest

from agent.api.patch.error import PatchError
from agent.api.patch.merge_keys import Schema
from agent.model.node import Node
from agent.model.pod import Pod


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("spec.containers", "name"),
        ("spec.ephemeralContainers.ports", "containerPort"),
        ("spec.containers.env", "name"),
        ("spec.containers.volumeMounts", "mountPath"),
        ("spec.topologySpreadConstraints", "topologyKey"),
        ("spec.hostAliases", "ip"),
        ("metadata.ownerReferences", "uid"),
        ("status.conditions", "type"),
    ],
)
def test_lists_of_a_pod_are_merged_by_their_keys(path: str, key: str) -> None:
    schema = Schema.of(Pod)
    *holders, name = path.split(".")
    for holder in holders:
        schema = schema.items(holder)[0] if holder.endswith("ontainers") else _below(schema, holder)
    strategy = schema.items(name)[1]
    assert (strategy.merge, strategy.key) == (True, key)


def _below(schema: Schema, name: str) -> Schema:
    return schema.member(name)[0]


def test_taints_and_tolerations_are_replaced() -> None:
    assert not _below(Schema.of(Node), "spec").items("taints")[1].merge
    assert not _below(Schema.of(Pod), "spec").items("tolerations")[1].merge


def test_places_without_such_a_field_are_told() -> None:
    spec = _below(Schema.of(Pod), "spec")
    with pytest.raises(PatchError, match='api field in struct PodSpec for the json field "x"'):
        spec.member("x")
    with pytest.raises(PatchError, match="expected slice or array type, but got: struct"):
        spec.items("nodeName")
    labels = _below(_below(Schema.of(Pod), "metadata"), "labels")
    assert labels.kind == "map"
    with pytest.raises(PatchError, match="data type is not struct, instead is: interface"):
        labels.member("a")[0].member("b")
