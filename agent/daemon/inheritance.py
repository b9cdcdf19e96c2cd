"""What an earlier agent of this state directory left, and how this one goes on with it.

In this order, so that nothing is lost and nothing is started twice: take over the descriptors that
were kept, adopt every run that is remembered, end what nobody remembers, go on with the pods.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable

from agent.host import keeper, volume_dirs
from agent.host.boot import boot_id
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
        self._disk_dir = self._run_dir = ""
        self._adopter: Adopter | None = None
        self._handover: keeper.Handover | None = None

    async def open(self, settings: Settings) -> Continuity:
        """Take over what was kept; the workers are made with the result."""
        self._handover = await keeper.take_over(self._keeper_path)
        self._adopter = Adopter(self._machine, settings, self._handover.kept)
        self._disk_dir, self._run_dir = settings.state_dir, settings.run_dir
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

    async def take_up(self, manager: PodManager, news: Callable[..., None]) -> None:
        """Adopt what is remembered, end what is not, and go on."""
        assert self._adopter is not None
        assert self._handover is not None
        manager.resume()
        self._adopter.close()
        await self._handover.acknowledge()
        self._tidy()
        for stranger in await self._machine.containment.end_strangers():
            news(
                "killed what a dead agent left behind",
                pid=stranger.pid,
                name=stranger.name,
            )
        manager.begin()

    def _tidy(self) -> None:
        """Nothing is left of pods that are gone: no record, no volume, no file."""
        records = self._store.records
        living = {pod.metadata.uid for pod in self._store.list(Pod)}
        for uid in records.pods():
            if uid and uid not in living:
                records.drop_pod(uid)
                shutil.rmtree(f"{self._run_dir}/pods/{uid}/", ignore_errors=True)
        for base in {self._disk_dir, self._run_dir}:
            volume_dirs.remove_leftovers(base, living)

    def _remember_node(self) -> None:
        fences = self._machine.containment.lasting
        self._store.records.put(NodeRecord(boot_id=self._boot_id, cgroup=fences.cgroup_path))
