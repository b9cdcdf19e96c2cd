"""The verdict on a pod: complete, in order, quick to reach, and it never raises."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.manifest.decode import decode
from agent.manifest.errors import ErrorType
from agent.manifest.validate import (
    pod_warnings,
    validate_config_map,
    validate_pod,
    validate_secret,
)
from agent.model.config_data import ConfigMap, Secret
from agent.model.meta import ObjectMeta
from agent.model.pod import Pod
from tests.support.pods import container, pod

_ONE_MEBIBYTE = 1024 * 1024


def texts(found: Pod, **options: Any) -> list[str]:
    return [str(error) for error in validate_pod(found, **options)]


def test_all_problems_are_found_at_once_in_the_api_servers_order() -> None:
    bad = pod(
        container("Main", ports=[{"containerPort": 0, "protocol": "TCP"}]),
        metadata={"name": "Bad", "labels": {"a b": "c"}},
        volumes=[{"name": "v"}],
        nodeName="A B",
        restartPolicy="Nope",
    )

    paths = [error.path for error in validate_pod(bad)]

    assert paths == [
        "metadata.name",
        "metadata.labels",
        "spec.volumes[0]",
        "spec.containers[0].name",
        "spec.containers[0].ports[0].containerPort",
        "spec.restartPolicy",
        "spec.nodeName",
    ]


def test_privileged_containers_can_be_disallowed() -> None:
    privileged = pod(container(securityContext={"privileged": True}))

    assert texts(privileged) == []
    assert texts(privileged, allow_privileged=False) == [
        "spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy"
    ]


def test_an_error_carries_the_value_it_is_about() -> None:
    context = {"privileged": True, "allowPrivilegeEscalation": False}
    bad = pod(container(securityContext=context))

    (error,) = validate_pod(bad)

    assert error.type is ErrorType.INVALID
    assert error.value == bad.spec.containers[0].security_context
    assert '"Privileged":true' in str(error)


def test_a_name_may_have_253_characters() -> None:
    assert texts(pod(metadata={"name": "x" * 253})) == []
    (error,) = validate_pod(pod(metadata={"name": "x" * 254}))
    assert error.detail == "must be no more than 253 characters"


def test_a_token_needs_a_service_account() -> None:
    volume = {
        "name": "v",
        "projected": {
            "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}]
        },
    }

    assert texts(pod(volumes=[volume], serviceAccountName="sa")) == []
    assert texts(pod(volumes=[volume])) == [
        "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: "
        "must not be specified when serviceAccountName is not set"
    ]


def test_annotation_and_field_must_agree() -> None:
    bad = pod(
        container(securityContext={"seccompProfile": {"type": "Unconfined"}}),
        annotations={"container.seccomp.security.alpha.kubernetes.io/main": "runtime/default"},
    )

    assert texts(bad) == [
        "spec.containers[0].securityContext.seccompProfile.type: Forbidden: "
        "seccomp type in annotation and field must match"
    ]


def test_sidecars_count_while_init_containers_run() -> None:
    init = [
        container("side", restartPolicy="Always", resources={"requests": {"memory": "1Gi"}}),
        container("init", resources={"requests": {"memory": "3Gi"}}),
    ]
    main = container(resources={"requests": {"memory": "2Gi"}})

    need = pod(main, initContainers=init, resources={"requests": {"memory": "3Gi"}})

    assert texts(need) == [
        'spec.resources.requests[memory]: Invalid value: "3Gi": '
        "must be greater than or equal to aggregate container requests of 4Gi"
    ]


def test_init_containers_need_their_ports_only_one_after_the_other() -> None:
    ports = [{"containerPort": 1, "hostPort": 8, "protocol": "TCP"}]
    first, second = container("a", ports=ports), container("b", ports=ports)

    assert texts(pod(initContainers=[first, second])) == []


def test_ephemeral_containers_name_an_existing_target() -> None:
    debug = container("debug", targetContainerName="nobody")

    assert texts(pod(ephemeralContainers=[debug])) == [
        'spec.ephemeralContainers[0].targetContainerName: Not found: "nobody"',
        "spec.ephemeralContainers: Forbidden: cannot be set on create",
    ]


META = ObjectMeta(name="x", namespace="default")


def test_a_config_map_has_each_key_once() -> None:
    bad = ConfigMap(metadata=META, data={"a": "", "b c": ""}, binary_data={"a": ""})

    assert [str(error) for error in validate_config_map(bad)] == [
        'data[a]: Invalid value: "a": duplicate of key present in binaryData',
        'data[b c]: Invalid value: "b c": a valid config key must consist of alphanumeric '
        "characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used "
        "for validation is '[-._a-zA-Z0-9]+')",
    ]


def test_config_data_is_limited_to_a_mebibyte() -> None:
    fits = ConfigMap(metadata=META, data={"a": "x" * _ONE_MEBIBYTE})
    too_big = ConfigMap(metadata=META, data={"a": "x" * _ONE_MEBIBYTE}, binary_data={"b": "eA=="})

    assert validate_config_map(fits) == []
    (error,) = validate_config_map(too_big)
    assert str(error) == "[]: Too long: may not be more than 1048576 bytes"


@pytest.mark.parametrize(
    ("kind", "data", "missing"),
    [
        ("kubernetes.io/tls", {"tls.crt": "eA=="}, ["data[tls.key]"]),
        ("kubernetes.io/basic-auth", {}, ["data[username]", "data[password]"]),
        ("kubernetes.io/basic-auth", {"password": ""}, []),
        ("kubernetes.io/ssh-auth", {"ssh-privatekey": ""}, ["data[ssh-privatekey]"]),
        ("kubernetes.io/ssh-auth", {"ssh-privatekey": "eA=="}, []),
        ("kubernetes.io/dockerconfigjson", {}, ["data[.dockerconfigjson]"]),
        ("kubernetes.io/dockerconfigjson", {".dockerconfigjson": "e30="}, []),
        (
            "kubernetes.io/service-account-token",
            {},
            ["metadata.annotations[kubernetes.io/service-account.name]"],
        ),
        ("Opaque", {}, []),
    ],
)
def test_a_secrets_type_asks_for_keys(kind: str, data: dict[str, str], missing: list[str]) -> None:
    errors = validate_secret(Secret(metadata=META, data=data, type=kind))

    assert [error.path for error in errors] == missing


def test_what_is_no_docker_configuration_is_not_shown() -> None:
    secret = Secret(
        metadata=META, type="kubernetes.io/dockercfg", string_data={".dockercfg": "password!"}
    )

    (error,) = validate_secret(secret)

    assert error.value == "<secret contents redacted>"
    assert "password" not in str(error)


def test_two_containers_of_one_name_are_told_once() -> None:
    twice = pod(container("a"), container("a"))

    assert texts(twice) == ['spec.containers[1].name: Duplicate value: "a"']


def test_string_data_of_a_secret_counts() -> None:
    secret = Secret(metadata=META, string_data={"a/b": "x"})

    assert [error.path for error in validate_secret(secret)] == ["data[a/b]"]


# Properties: any pod that can be decoded gets an answer, and each error has a place.

_NAME = st.sampled_from(["main", "a", "Bad", "", "-x", "a.b", "a/b", "é", "x" * 70])
_TEXT = st.sampled_from(["", "x", "..", "/abs", "a/../b", " ", "$(A)", "\x00", "runtime/default"])
_NUMBER = st.sampled_from([-1, 0, 1, 80, 65536, 2**31 - 1])
_AMOUNT = st.sampled_from(["0", "1", "-1", "100m", "1Gi", "1e2000000000", "1n"])
_HANDLER = st.fixed_dictionaries(
    {},
    optional={
        "exec": st.fixed_dictionaries({"command": st.lists(_TEXT, max_size=1)}),
        "httpGet": st.fixed_dictionaries({"port": _NUMBER | _NAME, "path": _TEXT, "scheme": _TEXT}),
        "tcpSocket": st.fixed_dictionaries({"port": _NUMBER | _NAME}),
    },
)
_PROBE = st.builds(
    lambda handler, number: {**handler, "successThreshold": number, "periodSeconds": number},
    _HANDLER,
    _NUMBER,
)
_RESOURCES = st.dictionaries(
    st.sampled_from(["cpu", "memory", "example.com/x", "hugepages-2Mi", "hugepages-x", "a b"]),
    _AMOUNT,
    max_size=3,
)
_ENV = st.fixed_dictionaries(
    {"name": _NAME},
    optional={
        "value": _TEXT,
        "valueFrom": st.fixed_dictionaries(
            {},
            optional={
                "fieldRef": st.fixed_dictionaries(
                    {
                        "apiVersion": st.just("v1"),
                        "fieldPath": st.sampled_from(["", "metadata.labels['x y']", "x['y']"]),
                    }
                ),
                "resourceFieldRef": st.fixed_dictionaries(
                    {"resource": st.sampled_from(["limits.cpu", "x"]), "divisor": _AMOUNT}
                ),
            },
        ),
    },
)
_CONTAINER = st.fixed_dictionaries(
    {"name": _NAME, "image": _TEXT, "terminationMessagePolicy": _TEXT, "imagePullPolicy": _TEXT},
    optional={
        "env": st.lists(_ENV, max_size=2),
        "livenessProbe": _PROBE,
        "readinessProbe": _PROBE,
        "restartPolicy": st.sampled_from(["Always", "Never", "x"]),
        "resources": st.fixed_dictionaries({"limits": _RESOURCES, "requests": _RESOURCES}),
        "ports": st.lists(
            st.fixed_dictionaries(
                {"containerPort": _NUMBER, "hostPort": _NUMBER, "name": _NAME, "protocol": _NAME}
            ),
            max_size=2,
        ),
        "volumeMounts": st.lists(
            st.fixed_dictionaries({"name": _NAME, "mountPath": _TEXT, "subPath": _TEXT}),
            max_size=2,
        ),
    },
)
_VOLUME = st.fixed_dictionaries(
    {"name": _NAME},
    optional={
        "emptyDir": st.fixed_dictionaries({"sizeLimit": _AMOUNT}),
        "hostPath": st.fixed_dictionaries({"path": _TEXT, "type": _TEXT}),
        "iscsi": st.fixed_dictionaries({"targetPortal": _TEXT, "iqn": _TEXT, "lun": _NUMBER}),
        "quobyte": st.fixed_dictionaries({"registry": st.sampled_from(["", "a:1", "[::1]:2,"])}),
    },
)
_POD = st.builds(
    lambda name, labels, spec: {
        "metadata": {"name": name, "namespace": name, "labels": labels, "annotations": labels},
        "spec": spec,
    },
    _NAME,
    st.dictionaries(_NAME, _TEXT, max_size=2),
    st.fixed_dictionaries(
        {"containers": st.lists(_CONTAINER, max_size=2)},
        optional={
            "initContainers": st.lists(_CONTAINER, max_size=2),
            "volumes": st.lists(_VOLUME, max_size=2),
            "terminationGracePeriodSeconds": _NUMBER,
            "hostAliases": st.lists(
                st.fixed_dictionaries({"ip": st.text(alphabet="0123.:af%x", max_size=9)}),
                max_size=2,
            ),
            "resources": st.fixed_dictionaries({"limits": _RESOURCES, "requests": _RESOURCES}),
            "nodeName": _NAME,
            "dnsPolicy": _TEXT,
            "os": st.fixed_dictionaries({"name": st.sampled_from(["", "linux", "windows", "x"])}),
        },
    ),
)


@settings(max_examples=60, deadline=None)
@given(_POD)
def test_every_decodable_pod_gets_an_answer(value: dict[str, Any]) -> None:
    decoded = decode(Pod, value)
    assert decoded.error is None

    errors = validate_pod(decoded.object)
    pod_warnings(decoded.object)

    for error in errors:
        assert error.path.startswith(("metadata.", "spec")), error
        # Kubernetes names a container's limit below the pod's resources.
        path = error.path.replace("spec.resources.containers", "spec.containers")
        assert _lists_resolve(value, path), error


def _lists_resolve(value: object, path: str) -> bool:
    """Whether every index on the way exists; a field may be missing, an item may not."""
    for name, index in re.findall(r"([A-Za-z]+)(?:\[(\d+)\])?", path):
        if not isinstance(value, dict) or name not in value:
            return not index
        value = value[name]
        if index:
            if not isinstance(value, list) or int(index) >= len(value):
                return False
            value = value[int(index)]
    return True


_GOOD_NAME = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(_GOOD_NAME, min_size=1, max_size=3, unique=True),
    st.integers(min_value=1, max_value=65535),
    st.sampled_from(["Always", "OnFailure", "Never"]),
)
def test_a_pod_made_of_good_parts_is_valid(names: list[str], port: int, restart: str) -> None:
    probe = {"tcpSocket": {"port": port}, "successThreshold": 1}
    containers = [container(name, livenessProbe=probe) for name in names]

    assert texts(pod(*containers, metadata={"name": names[0]}, restartPolicy=restart)) == []
