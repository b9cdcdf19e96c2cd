"""The request is what grpc-go sends, checked with the libraries that a server uses."""

from __future__ import annotations

import pytest
from grpc_health.v1 import health_pb2
from hpack import Decoder
from hypothesis import given
from hypothesis import strategies as st

from agent.action.h2 import frames, health
from agent.action.h2.status import Status


def sent(service: str, timeout: float | None = 1.0) -> list[frames.Frame]:
    request = health.request("127.0.0.1:50051", service, timeout)
    assert request.startswith(frames.PREFACE)
    return list(frames.Reader().feed(request[len(frames.PREFACE) :]))


def asked(timeout: float | None = 1.0) -> dict[str, str]:
    fields = Decoder().decode(sent("", timeout)[1][3])
    return {str(name): str(value) for name, value in fields}


def test_the_call_is_made_like_a_kubelet_makes_it() -> None:
    assert asked() == {
        ":method": "POST",
        ":scheme": "http",
        ":path": "/grpc.health.v1.Health/Check",
        ":authority": "127.0.0.1:50051",
        "content-type": "application/grpc",
        "user-agent": "kube-probe/1.34 grpc-go/1.72.1",
        "te": "trailers",
        "grpc-timeout": "1000m",
    }


def test_settings_come_first_and_the_stream_is_ended_at_once() -> None:
    kinds = [(kind, flags, stream) for kind, flags, stream, _ in sent("web")]

    assert kinds == [
        (frames.SETTINGS, 0, 0),
        (frames.HEADERS, frames.END_HEADERS, 1),
        (frames.DATA, frames.END_STREAM, 1),
    ]


@pytest.mark.parametrize(
    ("timeout", "header"),
    [(1.0, "1000m"), (0.25, "250m"), (99_999.0, "99999000m"), (2e5, "200000S")],
)
def test_the_deadline_has_at_most_eight_digits(timeout: float, header: str) -> None:
    assert asked(timeout)["grpc-timeout"] == header


def test_without_a_deadline_none_is_told() -> None:
    assert "grpc-timeout" not in asked(None)


@given(st.text(max_size=300))
def test_the_service_arrives(service: str) -> None:
    body = b"".join(payload for kind, _, _, payload in sent(service) if kind == frames.DATA)

    assert body[:5] == b"\0" + (len(body) - 5).to_bytes(4, "big")
    assert health_pb2.HealthCheckRequest.FromString(body[5:]).service == service


def test_a_very_long_service_arrives_too() -> None:
    service = "web" * 10_000
    body = b"".join(payload for kind, _, _, payload in sent(service) if kind == frames.DATA)

    assert health_pb2.HealthCheckRequest.FromString(body[5:]).service == service


@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_an_answer_of_the_real_library_is_understood(status: int) -> None:
    message = health_pb2.HealthCheckResponse(status=status).SerializeToString()

    assert health.serving_status(message) == status
    assert health.status_name(status) == health_pb2.HealthCheckResponse.ServingStatus.Name(status)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_status_or_a_failure(message: bytes) -> None:
    found = health.serving_status(message)

    assert isinstance(found, Status) or -(2**31) <= found < 2**31


@pytest.mark.parametrize(
    "message", ["08", "0880", "1205", "0b", "00", "0d0102", "ffffffffffffffffffffff"]
)
def test_bytes_that_are_no_message_fail(message: str) -> None:
    assert isinstance(health.serving_status(bytes.fromhex(message)), Status)
