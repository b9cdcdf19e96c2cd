"""Texts about containers: what the conformance tables leave open."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agent.model.container import Container
from agent.model.pod import Pod
from agent.model.status import ContainerStatus, PodStatus
from agent.rules import messages
from tests.support.lifecycle import pod


def test_a_container_that_is_stopped_for_no_special_reason() -> None:
    assert messages.stopping("web") == "Stopping container web"


def test_a_pod_is_named_by_name_namespace_and_uid() -> None:
    assert messages.pod_reference(pod()) == "web_default(u-1)"


def test_bytes_that_are_no_text_do_not_get_in_the_way() -> None:
    assert messages.termination_message(b"\xffbye") == "\ufffdbye"
    assert messages.log_tail([b"\xffbye\n"]) == "\ufffdbye\n"


def test_a_status_without_messages_stays_as_it_is() -> None:
    status = PodStatus(container_statuses=(ContainerStatus(name="web"),))

    assert messages.limit_messages(pod(), status) == status


_USUAL = "/dev/termination-log"
_WRITES = f"echo bye > {_USUAL}"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, False),
        ({"command": ["sh", "-c", "echo bye"]}, False),
        ({"command": ["sh", "-c", _WRITES]}, True),
        ({"args": ["-c", _WRITES]}, True),
        ({"env": [{"name": "LOG", "value": _USUAL}]}, True),
        ({"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", _WRITES]}}}}, True),
        ({"lifecycle": {"postStart": {"exec": {"command": [_USUAL]}}}}, True),
        ({"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}, False),
        ({"terminationMessagePath": "/tmp/log"}, True),
        ({"terminationMessagePath": "tmp/log"}, False),
        ({"terminationMessagePath": ""}, False),
    ],
)
def test_who_names_the_path_of_its_message_finds_the_file_there(
    fields: dict[str, Any], named: bool
) -> None:
    given = {"name": "c", "terminationMessagePath": _USUAL, **fields}

    assert messages.names_message_path(msgspec.convert(given, Container)) == named
    for kind in ("containers", "initContainers"):
        pod_of_it = msgspec.convert({"spec": {kind: [given]}}, Pod)
        assert messages.mounts_something(pod_of_it) == named


def test_a_pod_with_volumes_mounts_something() -> None:
    volumes = [{"name": "v", "emptyDir": {}}]

    assert messages.mounts_something(msgspec.convert({"spec": {"volumes": volumes}}, Pod))
