"""Descriptions where kubectl has nothing to compare with, or says less."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from agent.api.describe import describe
from agent.model.config_data import Secret
from agent.model.event import Event
from agent.model.pod import Pod
from agent.model.service_account import ServiceAccount

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)


def pod(**spec: Any) -> Pod:
    return msgspec.convert({"metadata": {"name": "web"}, "spec": spec}, Pod)


def lines(obj: Any, events: Any = ()) -> list[str]:
    """The description, line by line, without what aligns it."""
    found = msgspec.convert(list(events), list[Event])
    return [" ".join(line.split()) for line in describe(obj, found, NOW).splitlines()]


def test_a_volume_of_a_cluster_is_named_by_its_kind() -> None:
    assert "Type: nfs" in lines(pod(volumes=[{"name": "v", "nfs": {"server": "s", "path": "/"}}]))


def test_a_variable_from_a_file_tells_its_place() -> None:
    key = {"volumeName": "v", "path": "p", "key": "k"}
    container = {"name": "c", "env": [{"name": "A", "valueFrom": {"fileKeyRef": key}}]}

    assert "A: <set to the key 'k' of file 'p' in 'v'> Optional: false" in lines(
        pod(containers=[container])
    )


def test_a_resource_without_a_meaning_has_no_value() -> None:
    source = {"resourceFieldRef": {"resource": "limits.nothing"}}
    container = {"name": "c", "env": [{"name": "A", "valueFrom": source}]}

    assert "A: (limits.nothing)" in lines(pod(containers=[container]))


def test_values_of_a_secret_are_not_shown() -> None:
    secret = Secret(type="Opaque", data={"token": "c2VjcmV0"})

    assert "token: 6 bytes" in lines(secret)


def test_an_account_lists_its_secrets() -> None:
    account = msgspec.convert(
        {"secrets": [{"name": "a"}, {"name": "b"}], "imagePullSecrets": [{"name": "c"}]},
        ServiceAccount,
    )

    shown = lines(account)

    assert "Image pull secrets: c" in shown
    assert shown[shown.index("Mountable secrets: a") + 1] == "b"


@pytest.mark.parametrize(
    ("event", "age"),
    [
        ({"firstTimestamp": "2025-06-01T11:59:00Z", "count": 1}, "60s"),
        (
            {
                "firstTimestamp": "2025-06-01T11:58:00Z",
                "lastTimestamp": "2025-06-01T11:59:55Z",
                "count": 3,
            },
            "5s (x3 over 2m)",
        ),
        ({"eventTime": "2025-06-01T11:59:30.5Z"}, "29s"),
        ({}, "<unknown>"),
    ],
    ids=["once", "three times", "newer API", "no time"],
)
def test_an_event_tells_when_it_happened(event: dict[str, Any], age: str) -> None:
    shown = lines(pod(), [{"type": "Normal", "reason": "Pulled", "message": "m", **event}])

    assert shown[-1] == f"Normal Pulled {age} m"


def test_events_are_in_the_order_of_their_last_time() -> None:
    times = ("2025-06-01T11:59:00Z", "2025-06-01T11:57:00Z", "2025-06-01T11:58:00Z")

    shown = lines(pod(), [{"reason": time[14:16], "lastTimestamp": time} for time in times])

    assert [line.split()[0] for line in shown[-3:]] == ["57", "58", "59"]
