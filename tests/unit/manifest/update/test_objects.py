"""Updates of configuration and namespaces."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from agent.manifest.update.objects import update_object
from agent.model.config_data import ConfigMap, Secret
from agent.model.meta import ObjectMeta
from agent.model.namespace import Namespace, NamespaceSpec, NamespaceStatus
from agent.model.node import Node

META = ObjectMeta(name="x", namespace="d", uid="u", resource_version="1")
CLUSTER = replace(META, namespace="")
SEALED = "Forbidden: field is immutable when `immutable` is set"


@pytest.mark.parametrize(
    ("new", "wrong"),
    [
        (ConfigMap(metadata=META, immutable=True, data={"a": "1"}), []),
        (ConfigMap(metadata=META, data={"a": "1"}), [f"immutable: {SEALED}"]),
        (ConfigMap(metadata=META, immutable=True, data={"a": "2"}), [f"data: {SEALED}"]),
        (
            ConfigMap(metadata=META, immutable=True, data={"a": "1"}, binary_data={"b": ""}),
            [f"binaryData: {SEALED}"],
        ),
    ],
)
def test_an_immutable_config_map(new: ConfigMap, wrong: list[str]) -> None:
    old = ConfigMap(metadata=META, immutable=True, data={"a": "1"})
    assert [str(error) for error in update_object(new, old).errors] == wrong


def test_the_type_of_a_secret_stays() -> None:
    old = Secret(metadata=META, type="Opaque", data={"a": "eA=="})
    new = Secret(metadata=META, string_data={"b": "y"}, data={"a": "eA=="})
    updated = update_object(new, old)
    assert updated.errors == ()
    assert updated.object.data == {"a": "eA==", "b": "eQ=="}
    assert (updated.object.type, updated.object.string_data) == ("Opaque", {})
    (error,) = update_object(replace(new, type="x/y"), old).errors
    assert str(error) == 'type: Invalid value: "x/y": field is immutable'


def test_names_are_immutable_and_both_checks_say_so() -> None:
    new = ConfigMap(metadata=replace(META, name="y"))
    updated = update_object(new, ConfigMap(metadata=META))
    wrong = 'metadata.name: Invalid value: "y": field is immutable'
    assert [str(error) for error in updated.common] == [wrong]
    assert [str(error) for error in updated.own] == [wrong]


@pytest.mark.parametrize(
    ("meta", "wrong"),
    [
        (replace(META, name="a/b"), "metadata.name: Invalid value: \"a/b\": may not contain '/'"),
        (replace(META, name=".."), "metadata.name: Invalid value: \"..\": may not be '..'"),
        (replace(META, name=""), "metadata.name: Required value: name or generateName"),
        (replace(META, namespace=""), "metadata.namespace: Required value"),
    ],
)
def test_metadata_of_every_kind(meta: ObjectMeta, wrong: str) -> None:
    found = update_object(ConfigMap(metadata=meta), ConfigMap(metadata=meta)).common
    assert any(str(error).startswith(wrong) for error in found)


def test_cluster_wide_objects_have_no_namespace() -> None:
    node = Node(metadata=META)
    (error,) = update_object(node, node, namespaced=False).common
    assert str(error) == "metadata.namespace: Forbidden: not allowed on this type"
    fine = Node(metadata=CLUSTER)
    assert update_object(fine, fine, namespaced=False).errors == ()


def namespace(phase: str, **meta: Any) -> Namespace:
    return Namespace(
        metadata=replace(CLUSTER, **meta),
        spec=NamespaceSpec(finalizers=("kubernetes",)),
        status=NamespaceStatus(phase=phase),
    )


def test_a_namespace_keeps_finalizers_and_status() -> None:
    old = namespace("Active")
    new = Namespace(metadata=CLUSTER)
    assert update_object(new, old, namespaced=False).object == old


@pytest.mark.parametrize(
    ("phase", "deleted", "fine"),
    [("Active", False, True), ("Terminating", False, False), ("Active", True, False)],
)
def test_the_phase_of_a_namespace_fits_its_deletion(phase: str, deleted: bool, fine: bool) -> None:
    when = {"deletion_timestamp": datetime(2025, 6, 1, tzinfo=UTC)} if deleted else {}
    old = namespace("Active", **when)
    updated = update_object(namespace(phase, **when), old, "status", namespaced=False)
    assert (updated.errors == ()) == fine
