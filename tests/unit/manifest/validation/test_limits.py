"""How long things may be."""

from __future__ import annotations

from typing import Any

import pytest

from agent.manifest.errors import ErrorType
from agent.manifest.validate import validate_pod, validate_secret
from agent.model.config_data import Secret
from agent.model.meta import ObjectMeta
from tests.support.pods import container, pod


def _path_and_maximum(**fields: Any) -> list[str]:
    errors = validate_pod(pod(**fields))
    assert {error.type for error in errors} <= {ErrorType.TOO_LONG}
    return [str(error) for error in errors]


@pytest.mark.parametrize(
    ("key_and_value", "errors"),
    [
        (("k", "x" * (256 * 1024 - 1)), []),
        (
            ("k", "x" * (256 * 1024)),
            ["metadata.annotations: Too long: may not be more than 262144 bytes"],
        ),
    ],
)
def test_annotations_together(key_and_value: tuple[str, str], errors: list[str]) -> None:
    assert _path_and_maximum(annotations=dict([key_and_value])) == errors


def test_who_manages_fields() -> None:
    entry = {"operation": "Apply", "manager": "x" * 129, "subresource": "y" * 257}

    assert _path_and_maximum(metadata={"managedFields": [entry]}) == [
        "metadata.managedFields[0].manager: Too long: may not be more than 128 bytes",
        "metadata.managedFields[0].subresource: Too long: may not be more than 256 bytes",
    ]


def test_another_host_name() -> None:
    assert _path_and_maximum(hostnameOverride="x" * 64) == []
    assert _path_and_maximum(hostnameOverride="x" * 65) == [
        "spec.hostnameOverride: Too long: may not be more than 64 bytes"
    ]


def test_the_name_of_a_profile() -> None:
    profile = {"type": "Localhost", "localhostProfile": "x" * 4096}

    assert _path_and_maximum(securityContext={"appArmorProfile": profile}) == [
        "spec.securityContext.appArmorProfile.localhostProfile: Too long: "
        "may not be more than 4095 bytes"
    ]


def test_exit_codes_of_a_rule() -> None:
    rule = {"action": "Restart", "exitCodes": {"operator": "In", "values": list(range(256))}}
    main = container(restartPolicy="Never", restartPolicyRules=[rule])

    errors = validate_pod(pod(main), features=frozenset({"ContainerRestartRules"}))

    assert [str(error) for error in errors] == [
        "spec.containers[0].restartPolicyRules[0].exitCodes.values: Too long: "
        "may not be more than 255 bytes"
    ]


def test_the_search_list_of_the_resolver() -> None:
    searches = ["x" * 60 for _ in range(32)]
    long = [".".join(["x" * 60] * 2) for _ in range(32)]

    assert validate_pod(pod(dnsConfig={"searches": searches})) == []
    (error,) = validate_pod(pod(dnsConfig={"searches": long}))
    assert error.detail.startswith("must not have more than 2048 characters")


@pytest.mark.parametrize(
    ("windows", "detail"),
    [
        ({"gmsaCredentialSpec": "x" * (64 * 1024 + 1)}, "gmsaCredentialSpec size must be under"),
        ({"gmsaCredentialSpec": "x" * (64 * 1024)}, None),
        ({"runAsUserName": "x" * 105}, "runAsUserName's User length must not be longer than 104"),
        ({"runAsUserName": "x" * 104}, None),
        (
            {"runAsUserName": ".".join(["x" * 50] * 6) + "\\u"},
            "runAsUserName's Domain length must be under 256 characters",
        ),
    ],
)
def test_users_of_windows(windows: dict[str, str], detail: str | None) -> None:
    errors = validate_pod(pod(securityContext={"windowsOptions": windows}))

    assert len(errors) == (detail is not None)
    assert all(error.detail.startswith(detail or "") for error in errors)


def test_host_processes_need_a_server_that_allows_privileges() -> None:
    windows = {"windowsOptions": {"hostProcess": True}}
    given = pod(securityContext=windows, hostNetwork=True)

    assert validate_pod(given) == []
    (error,) = validate_pod(given, allow_privileged=False)
    assert str(error) == "spec: Forbidden: hostProcess containers are disallowed by cluster policy"


def test_the_values_of_a_secret_together() -> None:
    meta = ObjectMeta(name="s", namespace="default")

    (error,) = validate_secret(Secret(metadata=meta, string_data={"k": "x" * (1024 * 1024 + 1)}))

    assert str(error) == "data: Too long: may not be more than 1048576 bytes"


def test_huge_amounts_are_added_without_writing_them_out() -> None:
    amounts = [{"requests": {"memory": text}} for text in ("1", "1e2000000000", "0")]
    containers = [container(f"c{i}", resources=each) for i, each in enumerate(amounts)]

    (error,) = validate_pod(pod(*containers, resources={"requests": {"memory": "1"}}))

    assert error.path == "spec.resources.requests[memory]"
