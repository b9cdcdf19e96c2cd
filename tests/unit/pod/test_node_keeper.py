"""The node and its lease, kept over time."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agent.host.scheduler import Scheduler
from agent.model.lease import Lease
from agent.model.node import Node
from agent.pod import node_keeper
from agent.pod.node_keeper import LEASES, RENEW_SECONDS, NodeKeeper
from agent.store.memory import MemoryStore
from tests.support.virtual_loop import VirtualClock

pytestmark = pytest.mark.asyncio


class Setting:
    """A keeper over a store."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.clock = VirtualClock()
        self.troubles: list[str] = []
        self.keeper = NodeKeeper(
            self.store,
            self.clock,
            Scheduler(),
            name="vm",
            address="127.0.0.1",
            disk_path="/nowhere",
            versions=("1.34", "0.1.0"),
            troubles=lambda: tuple(self.troubles),
        )

    @property
    def node(self) -> Node:
        found = self.store.get(Node, "", "vm")
        assert found is not None
        return found

    @property
    def lease(self) -> Lease:
        found = self.store.get(Lease, LEASES, "vm")
        assert found is not None
        return found

    def is_ready(self) -> bool:
        return any(
            one.type == "Ready" and one.status == "True" for one in self.node.status.conditions
        )


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_keeper, "available_memory", lambda: 1 << 30)


async def test_the_lease_is_renewed_and_the_node_left_alone() -> None:
    setting = Setting()
    setting.keeper.start()
    node, first = setting.node, setting.lease
    await setting.clock.sleep(RENEW_SECONDS + 1)
    second = setting.lease
    setting.keeper.stop()

    assert node.metadata.uid
    assert first.metadata.owner_references[0].uid == node.metadata.uid
    assert first.spec.renew_time is not None
    assert second.spec.renew_time is not None
    assert (second.spec.renew_time - first.spec.renew_time).total_seconds() == RENEW_SECONDS
    assert setting.node.metadata.resource_version == node.metadata.resource_version


async def test_trouble_at_the_start_does_not_last() -> None:
    setting = Setting()
    setting.troubles.append("not read yet")
    setting.keeper.start()
    assert not setting.is_ready()

    setting.troubles.clear()
    await setting.clock.sleep(1.5)
    assert setting.is_ready()
    setting.keeper.stop()


async def test_a_change_can_be_shown_at_once_and_heartbeats_go_on() -> None:
    setting = Setting()
    setting.troubles.append("not read yet")
    setting.keeper.start()

    setting.troubles.clear()
    setting.keeper.look()
    assert setting.is_ready()

    first = setting.lease.spec.renew_time
    await setting.clock.sleep(RENEW_SECONDS + 0.5)
    setting.keeper.stop()
    second = setting.lease.spec.renew_time
    assert first is not None
    assert second is not None
    assert (second - first).total_seconds() == RENEW_SECONDS


async def test_heartbeats_are_rare() -> None:
    setting = Setting()
    setting.keeper.start()
    versions = set()
    for _ in range(12):
        versions.add(setting.node.metadata.resource_version)
        await setting.clock.sleep(RENEW_SECONDS)
    setting.keeper.stop()

    assert len(versions) == 3


async def test_a_cordon_gets_its_taint() -> None:
    setting = Setting()
    setting.keeper.start()
    node = setting.node
    setting.store.put(replace(node, spec=replace(node.spec, unschedulable=True)))
    assert [taint.effect for taint in setting.node.spec.taints] == ["NoSchedule"]
    setting.keeper.stop()
