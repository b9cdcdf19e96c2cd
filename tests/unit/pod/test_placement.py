"""Pods that wait for the node to take them."""

from __future__ import annotations

import pytest

from agent.model.event import Event
from agent.model.meta import ObjectMeta
from agent.model.node import Node, NodeSpec
from agent.model.pod import Pod
from agent.pod.placement import Placement
from agent.pod.recorder import Recorder
from agent.store.memory import MemoryStore
from tests.support.builders import pod
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio


class Setting:
    """A node and what was started on it."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.started: list[Pod] = []
        clock = VirtualClock()
        recorder = Recorder(self.store, clock, "vm")
        self.placement = Placement(self.store, recorder, clock, "vm", start=self.started.append)

    def cordon(self, wanted: bool) -> None:
        metadata = ObjectMeta(name="vm")
        self.store.put(Node(metadata=metadata, spec=NodeSpec(unschedulable=wanted)))


async def test_a_pod_waits_and_is_started_when_the_node_takes_pods_again() -> None:
    setting = Setting()
    setting.cordon(True)
    assert setting.placement.holds(pod())

    waiting = setting.placement.held(pod())
    assert waiting.status.phase == "Pending"
    (event,) = setting.store.list(Event)
    assert (event.reason, event.source.component) == ("FailedScheduling", "default-scheduler")

    setting.cordon(True)
    assert setting.started == []
    setting.cordon(False)
    assert [one.metadata.name for one in setting.started] == [waiting.metadata.name]


async def test_an_unknown_node_holds_nothing() -> None:
    assert not Setting().placement.holds(pod())
