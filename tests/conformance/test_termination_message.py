"""Termination messages are found and cut as the kubelet does it."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model.status import ContainerState, ContainerStateTerminated, ContainerStatus, PodStatus
from agent.rules import messages
from tests.support import tables
from tests.support.lifecycle import pod


@tables.rows("termination_message")
def test_the_log_stands_for_the_message(row: dict[str, Any]) -> None:
    chosen = messages.falls_back_to_logs(
        row["policy"], exit_code=row["code"], reason=row.get("reason", ""), is_empty=row["empty"]
    )

    assert chosen is row["logs"]


def test_the_last_bytes_of_the_file_count() -> None:
    assert messages.termination_message(b"x" * 10 + b"y" * 4096) == "y" * 4096


def test_the_last_lines_of_the_log_count() -> None:
    assert messages.log_tail([b"%d\n" % line for line in range(100)]).splitlines()[0] == "20"


def test_the_last_bytes_of_these_lines_count() -> None:
    assert messages.log_tail([b"a" * 1500 + b"\n", b"b" * 1500 + b"\n"]) == (
        "a" * 546 + "\n" + "b" * 1500 + "\n"
    )


@pytest.mark.parametrize(
    ("host", "container", "shown"),
    [("", "", ""), ("oom", "", "oom"), ("", "bye", "bye"), ("oom", "bye", "oom: bye")],
)
def test_the_hosts_text_comes_first(host: str, container: str, shown: str) -> None:
    assert messages.terminated_message(host, container) == shown


@pytest.mark.parametrize(
    ("containers", "length", "kept"),
    [(1, 20_000, 12_288), (3, 5_000, 4_096), (3, 4_096, 4_096), (48, 200, 200), (48, 300, 256)],
)
def test_the_containers_of_a_pod_share_an_allowance(
    containers: int, length: int, kept: int
) -> None:
    names = [f"c{number}" for number in range(containers)]
    ended = ContainerState(terminated=ContainerStateTerminated(message="m" * length))
    status = PodStatus(
        container_statuses=tuple(
            ContainerStatus(name=name, state=ended, last_state=ended) for name in names
        )
    )

    limited = messages.limit_messages(pod(names), status)

    for one in limited.container_statuses:
        for state in (one.state, one.last_state):
            assert state.terminated is not None
            assert len(state.terminated.message) == kept


def test_init_containers_share_the_allowance_and_no_character_is_cut_in_two() -> None:
    ended = ContainerState(terminated=ContainerStateTerminated(message="ä" * 4000))
    status = PodStatus(init_container_statuses=(ContainerStatus(name="i", state=ended),))

    limited = messages.limit_messages(pod(["a", "b", "c", "d"], init=["i"]), status)

    terminated = limited.init_container_statuses[0].state.terminated
    assert terminated is not None
    assert terminated.message == "ä" * (12288 // 5 // 2)


def test_an_unreadable_file_is_reported_in_its_place() -> None:
    assert messages.unreadable("/run/message", "permission denied") == (
        "Error on reading termination log /run/message: permission denied"
    )
