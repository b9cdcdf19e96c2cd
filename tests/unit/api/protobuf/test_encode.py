"""Messages are written as Kubernetes' own code writes them."""

from __future__ import annotations

from agent.api.protobuf import wire
from agent.api.protobuf.encode import write_message


def test_what_is_no_pointer_is_written_even_when_it_is_zero() -> None:
    assert write_message("TCPSocketAction", {"port": "web"}) == (
        wire.bytes_field(
            1, wire.number_field(1, 1) + wire.number_field(2, 0) + wire.bytes_field(3, b"web")
        )
        + wire.bytes_field(2, b"")
    )


def test_pointers_lists_and_maps_are_written_when_they_are_set() -> None:
    assert write_message("Preconditions", {}) == b""
    assert write_message("Preconditions", {"uid": ""}) == wire.bytes_field(1, b"")
    assert write_message("NamespaceSpec", {"finalizers": ["a", "b"]}) == (
        wire.bytes_field(1, b"a") + wire.bytes_field(1, b"b")
    )


def test_maps_are_sorted() -> None:
    entries = write_message("LabelSelector", {"matchLabels": {"b": "2", "a": "1"}})
    assert entries.index(b"a") < entries.index(b"b")


def test_no_time_is_an_empty_message() -> None:
    assert write_message("ContainerStateRunning", {"startedAt": None}) == wire.bytes_field(1, b"")
    assert write_message("ContainerStateRunning", {"startedAt": "1970-01-01T00:00:01Z"}) == (
        wire.bytes_field(1, wire.number_field(1, 1) + wire.number_field(2, 0))
    )
