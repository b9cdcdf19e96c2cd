"""The line of `kubectl describe` for each kind of handler."""

from __future__ import annotations

import pytest

from agent.api.describe.probe import describe_probe
from agent.model.handler import (
    ExecAction,
    GRPCAction,
    HTTPGetAction,
    Probe,
    TCPSocketAction,
)

_REST = "delay=0s timeout=1s period=10s #success=1 #failure=3"


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ({"exec": ExecAction(command=("cat", "/tmp/healthy"))}, "exec [cat /tmp/healthy]"),
        ({"tcp_socket": TCPSocketAction(port=8080)}, "tcp-socket :8080"),
        ({"tcp_socket": TCPSocketAction(port="db", host="::1")}, "tcp-socket ::1:db"),
        ({"grpc": GRPCAction(port=9000, service="web")}, "grpc <pod>:9000 web"),
        ({"grpc": GRPCAction(port=9000)}, "grpc <pod>:9000 "),
        (
            {"http_get": HTTPGetAction(path="/healthz", port=8080, scheme="HTTP")},
            "http-get http://:8080/healthz",
        ),
        (
            {"http_get": HTTPGetAction(path="/a b?c", port="web", host="example.com")},
            "http-get //example.com:web/a%20b%3Fc",
        ),
        (
            {"http_get": HTTPGetAction(path="x", port=443, host="fd00::1", scheme="HTTPS")},
            "http-get https://[fd00::1]:443/x",
        ),
        ({}, "unknown"),
    ],
)
def test_a_probe_is_written_as_kubectl_does(handler: dict[str, object], expected: str) -> None:
    probe = Probe(
        timeout_seconds=1,
        period_seconds=10,
        success_threshold=1,
        failure_threshold=3,
        **handler,  # type: ignore[arg-type]
    )

    assert describe_probe(probe) == f"{expected} {_REST}"


def test_delays_and_thresholds_are_those_of_the_probe() -> None:
    probe = Probe(
        tcp_socket=TCPSocketAction(port=1),
        initial_delay_seconds=2,
        timeout_seconds=3,
        period_seconds=4,
        success_threshold=5,
        failure_threshold=6,
    )

    assert describe_probe(probe) == (
        "tcp-socket :1 delay=2s timeout=3s period=4s #success=5 #failure=6"
    )
