"""Bodies in protobuf: tables that know the whole model, and garbage that breaks nothing."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api.protobuf import wire
from agent.api.protobuf.body import (
    ProtobufBody,
    UnknownKindError,
    read_body,
    read_object,
    write_body,
)
from agent.api.protobuf.tables import EVERYWHERE
from agent.api.protobuf.wire import ProtobufError
from agent.manifest import kinds
from agent.manifest.decode import decode, encode
from agent.model.pod import Pod

#: Pods nobody wrote for this test: one of each shape of value.
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "p",
        "labels": {"b": "2", "a": "1"},
        "deletionTimestamp": "2025-06-01T12:00:00Z",
        "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u"}],
        "managedFields": [
            {"manager": "m", "operation": "Apply", "fieldsV1": {"f:spec": {"f:x": {}}}}
        ],
    },
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "i",
                "env": [
                    {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    {
                        "name": "B",
                        "valueFrom": {"resourceFieldRef": {"resource": "x", "divisor": "1m"}},
                    },
                ],
                "livenessProbe": {"httpGet": {"port": "web"}, "periodSeconds": 3},
                "resources": {"limits": {"cpu": "1500m", "memory": "1Gi"}},
            }
        ],
        "ephemeralContainers": [{"name": "d", "image": "i", "targetContainerName": "c"}],
        "volumes": [
            {"name": "v", "emptyDir": {"sizeLimit": "1Mi"}},
            {"name": "w", "projected": {"sources": [{"configMap": {"name": "m"}}]}},
        ],
        "securityContext": {"supplementalGroups": [1, -2], "runAsUser": 0},
        "affinity": {
            "podAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 3, "podAffinityTerm": {"topologyKey": "t"}}
                ]
            }
        },
        "priority": -5,
    },
    "status": {
        "podIPs": [{"ip": "1.2.3.4"}],
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": -1}}}],
    },
}


def roundtrip(value: dict[str, Any]) -> dict[str, Any]:
    return read_body(write_body(value)).value


def test_a_pod_comes_back_as_json_would_have_it() -> None:
    cls = kinds.type_of("v1", "Pod")
    assert cls is not None
    plain = encode(decode(cls, POD).object)
    assert roundtrip(plain) == plain


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "empty data"),
        (b"{}", "expected prefix [107 56 115 0]"),
        (b"k8s\x00\xff", "unexpected EOF"),
        (b"k8s\x00" + b"\xff" * 11, "integer overflow"),
        (b"k8s\x00\x0b", "illegal wireType 3"),
        (b"k8s\x00\x00", "illegal tag 0"),
        (b"k8s\x00\x12\x05a", "unexpected EOF"),
        (b"k8s\x00\x10\x05", "wrong wireType = 0 for the envelope"),
    ],
)
def test_what_is_no_body(data: bytes, text: str) -> None:
    with pytest.raises(ProtobufError) as caught:
        read_body(data)
    assert text in str(caught.value)


def body(kind: str, raw: bytes, api_version: str = "v1") -> bytes:
    named = wire.bytes_field(1, api_version.encode()) + wire.bytes_field(2, kind.encode())
    return b"k8s\x00" + wire.bytes_field(1, named) + wire.bytes_field(2, raw)


def test_kinds_without_a_table_are_told_apart() -> None:
    for unknown in (("Deployment", "apps/v1"), ("Pod", "v2"), ("", "")):
        with pytest.raises(UnknownKindError):
            read_body(body(unknown[0], b"", unknown[1]))
    with pytest.raises(UnknownKindError):
        write_body({"kind": "Deployment", "apiVersion": "apps/v1"})
    for kind in EVERYWHERE:
        assert read_body(body(kind, b"", "apps/v1")).kind == kind


def test_a_body_may_leave_its_kind_to_the_endpoint() -> None:
    raw = b"k8s\x00" + wire.bytes_field(2, b"")
    found = read_body(raw, api_version="v1", kind="ConfigMap")
    assert found == ProtobufBody(
        "v1", "ConfigMap", {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {}}
    )


@given(st.binary(max_size=200))
def test_garbage_is_an_error_and_never_a_crash(garbage: bytes) -> None:
    for data in (garbage, b"k8s\x00" + garbage, body("Pod", garbage), body("Event", garbage)):
        try:
            read_body(data)
        except ProtobufError:
            continue


@given(st.data())
def test_a_damaged_body_is_an_error_or_another_body(data: st.DataObject) -> None:
    cls = kinds.type_of("v1", "Pod")
    assert cls is not None
    whole = bytearray(write_body(encode(decode(cls, POD).object)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    for damaged in (bytes(whole), bytes(whole[:cut])):
        try:
            found = read_body(damaged)
        except ProtobufError:
            continue
        assert decode(cls, found.value).error is None or found.kind == "Pod"


_TEXT = st.text(max_size=8)


@given(st.dictionaries(_TEXT, _TEXT), st.dictionaries(_TEXT, st.binary(max_size=8)), _TEXT)
def test_configuration_of_any_content_comes_back(
    data: dict[str, str], raw: dict[str, bytes], name: str
) -> None:
    value: dict[str, Any] = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {}}
    if name:
        value["metadata"] = {"name": name}
    if data:
        value["data"] = data
    if raw:
        value["binaryData"] = {k: base64.b64encode(v).decode() for k, v in raw.items()}
    assert roundtrip(value) == value


def test_a_body_is_read_as_an_object_of_the_model() -> None:
    found = read_object(Pod, write_body(POD), api_version="v1")
    assert found == decode(Pod, POD).object


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"kind": "ConfigMap", "apiVersion": "v1"}, "ConfigMap in version"),
        (
            {**POD, "spec": {"containers": [], "overhead": {"cpu": "x"}}},
            "quantities must match the regular expression",
        ),
    ],
)
def test_another_object_is_refused(value: dict[str, Any], text: str) -> None:
    with pytest.raises(ProtobufError) as caught:
        read_object(Pod, write_body(value), api_version="v1")
    assert text in str(caught.value)
