"""What an earlier agent of this state directory left, and how this one goes on with it.

In this order, so that nothing is lost and nothing is started twice: take over the descriptors that
were kept, adopt every run that is remembered, end what nobody remembers, go on with the pods.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import msgspec

from agent.host import keeper, volume_dirs
from agent.host.boot_id import boot_id
from agent.host.containment import Lasting
from agent.host.marks import lasting_agent_mark
from agent.model.pod import Pod
from agent.pod.adoption import Adopter
from agent.pod.assembly import Continuity
from agent.pod.blueprint import Settings
from agent.pod.machine import Machine
from agent.pod.manager import PodManager
from agent.rules.probe_schedule import start_delay
from agent.store.memory import MemoryStore
from agent.store.records import ContainerRecord, NodeRecord


def fences_of(store: MemoryStore, state_dir: str) -> Lasting:
    """What is remembered of the fences of earlier agents of this state directory."""
    node = store.records.get(NodeRecord, "")
    is_same_boot = node is not None and node.boot_id == boot_id()
    marks = [
        record.trace.process.mark
        for uid in store.records.pods()
        for record in store.records.of_pod(ContainerRecord, uid)
        if record.trace is not None
    ]
    return Lasting(
        agent_mark=lasting_agent_mark(state_dir),
        cgroup_path=node.cgroup if node is not None and is_same_boot else "",
        marks=tuple(marks),
    )


class Inheritance:
    """The pods of an earlier agent, from its end to their going on."""

    def __init__(self, keeper_path: str, machine: Machine, store: MemoryStore) -> None:
        self._keeper_path = keeper_path
        self._machine = machine
        self._store = store
        self._boot_id = boot_id()
        self._adopter: Adopter | None = None
        self._handover: keeper.Handover | None = None

    async def open(self, settings: Settings) -> Continuity:
        """Take over what was kept; the workers are made with the result."""
        self._handover = await keeper.take_over(self._keeper_path)
        self._adopter = Adopter(self._machine, settings, self._handover.kept)
        self._remember_node()
        began = self._machine.clock.monotonic()

        def delay_of(period: int) -> float:
            age = self._machine.clock.monotonic() - began
            return start_delay(period, random.random(), agent_age=age, was_already_there=True)

        return Continuity(
            records=self._store.records,
            boot_id=self._boot_id,
            adopt=self._adopter.adopt,
            delay_of=delay_of,
        )
