"""What the log says of the changes of a store."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from agent.daemon.changes import ChangeLog
from agent.model.event import EventType, Reason
from agent.model.pod import Pod
from agent.model.status import PodStatus
from agent.pod.recorder import Recorder
from agent.store.memory import MemoryStore
from tests.support.builders import pod
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio


class Lines:
    """A log that keeps what it is given."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def debug(self, event: str, **fields: Any) -> None:
        self.lines.append(("debug", event, fields))

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append(("info", event, fields))

    def warning(self, event: str, **fields: Any) -> None:
        self.lines.append(("warning", event, fields))

    def error(self, event: str, **fields: Any) -> None:
        self.lines.append(("error", event, fields))

    def levels(self) -> list[str]:
        return [level for level, _, _ in self.lines]


async def test_a_transition_is_told_once_with_pod_and_uid() -> None:
    store, log = MemoryStore(), Lines()
    store.watch(ChangeLog(log).change)
    pending = replace(pod(), status=PodStatus(phase="Pending"))
    store.put(pending)
    store.put(replace(pending, metadata=replace(pending.metadata, labels={"a": "b"})))
    store.delete(Pod, "default", "p")

    about = {"pod": "default/p", "uid": "u"}
    assert log.lines == [
        ("info", "pod changed its phase", {**about, "phase": "Pending"}),
        ("info", "pod is gone", about),
    ]


async def test_a_warning_is_one_the_first_time_and_normal_events_are_for_the_curious() -> None:
    store, log = MemoryStore(), Lines()
    store.watch(ChangeLog(log).change)
    recorder = Recorder(store, VirtualClock(), "vm")
    for _ in range(3):
        recorder.record(pod(), EventType.WARNING, Reason.UNHEALTHY, "bad", container="c")
    recorder.record(pod(), EventType.NORMAL, Reason.STARTED, "good", container="c")

    assert log.levels() == ["warning", "debug", "debug", "debug"]
    assert log.lines[0][1:] == (
        "bad",
        {"pod": "default/p", "uid": "u", "container": "c", "reason": "Unhealthy"},
    )


async def test_events_of_the_node_are_told_by_whom_they_come_from() -> None:
    store, log = MemoryStore(), Lines()
    store.watch(ChangeLog(log).change)
    recorder = Recorder(store, VirtualClock(), "vm")
    recorder.record_node(EventType.WARNING, Reason.INVALID_MANIFEST, "broken")

    assert log.lines == []
