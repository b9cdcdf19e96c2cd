"""Plain values become objects of the model, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.manifest.decode import decode, encode, to_json
from agent.manifest.defaults import default_pod
from agent.manifest.findings import FindingKind
from agent.manifest.json_text import read
from agent.model.config_data import ConfigMap, Secret
from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.node import Node
from agent.model.pod import Pod
from agent.model.workload import CronJob, Deployment
from tests.support.pod_values import PODS


@settings(max_examples=40)
@given(PODS)
def test_what_was_encoded_is_decoded_to_the_same(value: dict[str, Any]) -> None:
    pod = decode(Pod, value).object

    again = decode(Pod, encode(pod))

    assert again.findings == ()
    assert again.object == pod
    assert decode(Pod, read(to_json(default_pod(pod)).decode()).value).object == default_pod(pod)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["metadata", "spec", "containers", "name", "ports", "resources"]),
                inner,
            )
        ),
    )
)
def test_no_value_makes_the_decoder_fail(value: object) -> None:
    decoded = decode(Pod, value)

    assert isinstance(decoded.object, Pod)
    assert all(finding.text and finding.go_text for finding in decoded.findings)


def test_everything_is_found_in_one_pass_and_the_rest_is_kept() -> None:
    decoded = decode(
        Pod,
        {
            "spec": {
                "hostNetwork": "yes",
                "containers": [{"name": "c", "image": 5, "comand": []}, "x"],
                "hostname": "h",
            }
        },
    )

    assert [(f.kind, f.path) for f in decoded.findings] == [
        (FindingKind.TYPE, ("spec", "hostNetwork")),
        (FindingKind.TYPE, ("spec", "containers", 0, "image")),
        (FindingKind.UNKNOWN, ("spec", "containers", 0, "comand")),
        (FindingKind.TYPE, ("spec", "containers", 1)),
    ]
    assert decoded.object.spec.hostname == "h"
    assert [c.name for c in decoded.object.spec.containers] == ["c", ""]
    assert [f.path[-1] for f in decoded.unknown] == ["comand"]
    assert "command" in decoded.unknown[0].fields


def test_only_a_hundred_strict_errors_are_kept() -> None:
    decoded = decode(Pod, {f"x{n}": 1 for n in range(150)})

    assert len(decoded.strict_errors) == 100


def test_a_repeated_field_is_read_into_what_is_there() -> None:
    text = (
        '{"metadata":{"name":"a","labels":{"x":"1"}},"metadata":{"labels":{"y":"2"}},'
        '"spec":{"containers":[{"name":"c","image":"i"},{"name":"d"}],"containers":[{"name":"e"}],'
        '"os":{"name":"linux"},"os":null,"securityContext":{"runAsUser":1},'
        '"securityContext":{"runAsGroup":2}}}'
    )

    pod = decode(Pod, read(text).value).object

    assert pod.metadata == ObjectMeta(name="a", labels={"x": "1", "y": "2"})
    assert [(c.name, c.image) for c in pod.spec.containers] == [("e", "i")]
    assert pod.spec.os is None
    assert pod.spec.security_context is not None
    assert (pod.spec.security_context.run_as_user, pod.spec.security_context.run_as_group) == (1, 2)


def test_quantities_become_canonical() -> None:
    text = '{"spec":{"overhead":{"cpu":0.5,"memory":" 1024Ki ","x":10,"y":null,"z":1e3}}}'

    pod = decode(Pod, read(text).value).object

    assert pod.spec.overhead == {"cpu": "500m", "memory": "1Mi", "x": "10", "y": "0", "z": "1e3"}


def test_times_lose_what_their_type_does_not_keep() -> None:
    event = decode(
        Event,
        {
            "firstTimestamp": "2025-06-01T12:00:00.5Z",
            "eventTime": "2025-06-01T14:00:00.5+02:00",
            "lastTimestamp": None,
        },
    ).object

    assert event.first_timestamp == datetime(2025, 6, 1, 12, tzinfo=UTC)
    assert event.event_time == datetime(2025, 6, 1, 12, 0, 0, 500_000, tzinfo=UTC)
    assert event.last_timestamp is None


def test_bytes_become_canonical_base64() -> None:
    secret = decode(Secret, {"data": {"a": "aG\nk=", "b": None}}).object
    refused = decode(ConfigMap, {"binaryData": {"a": "!"}})

    assert secret.data == {"a": "aGk=", "b": ""}
    assert refused.error == "illegal base64 data at input byte 0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"spec": {"hostNetwork": "yes"}}, 'must be true or false, got "yes"'),
        ({"spec": {"hostname": 5}}, 'must be a string, got 5 (write "5")'),
        ({"spec": {"hostname": True}}, "must be a string, got true (write it in quotes)"),
        ({"spec": {"priority": "5"}}, 'must be an integer, got "5" (leave the quotes out)'),
        ({"spec": {"priority": {}}}, "must be an integer, got a map"),
        ({"spec": {"priority": 2**31}}, "must be between -2147483648 and 2147483647"),
        ({"spec": []}, "must be a map, got a list"),
        ({"spec": {"containers": "x" * 99}}, "must be a list, got " + '"' + "x" * 57 + '..."'),
        ({"metadata": {"creationTimestamp": 1}}, "must be a time, got 1"),
        ({"metadata": {"creationTimestamp": "x"}}, "must be a time like 2025-06-01T12:00:00Z"),
        ({"spec": {"overhead": {"cpu": True}}}, "bad quantity true"),
        ({"spec": {"nodeSelector": 1}}, "must be a map, got 1"),
    ],
)
def test_people_are_told_what_should_stand_there(value: object, text: str) -> None:
    (finding,) = decode(Pod, value).findings

    assert finding.text.startswith(text)


def test_other_kinds_are_read_too() -> None:
    assert (
        decode(Node, {"status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}}).findings
        == ()
    )
    assert decode(CronJob, {"spec": {"jobTemplate": {"spec": {"template": {}}}}}).findings == ()
    decoded = decode(Deployment, {"spec": {"replcas": 1}, "status": {"x": {"y": 1}}})
    assert decoded.strict_errors == ('unknown field "spec.replcas"',)
    assert decoded.object.status == {"x": {"y": 1}}
