"""What an earlier agent of this state directory left, and how this one goes on with it.

In this order, so that nothing is lost and nothing is started twice: take over the descriptors that
were kept, adopt every run that is remembered, end what nobody remembers, go on with the pods.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from agent.host import volume_dirs
from agent.host.boot import boot_id
from agent.host.clock import SystemClock
from agent.host.containment import Lasting
from agent.host.descriptor_limit import RLimit
from agent.host.files import private_directory
from agent.host.keeper import Taken, take_over
from agent.host.marks import lasting_agent_mark
from agent.host.reactor import Reactor
from agent.model.pod import Pod
from agent.pod import run_files
from agent.pod.adoption import Adopter
from agent.pod.assembly import Continuity
from agent.pod.blueprint import Settings, pod_folder
from agent.pod.machine import Machine
from agent.pod.manager import PodManager
from agent.rules.probe_schedule import start_delay
from agent.store.memory import MemoryStore
from agent.store.records import NodeRecord

News = Callable[..., None]


def fences_of(store: MemoryStore, state_dir: str) -> Lasting:
    """What is remembered of the fences of earlier agents of this state directory."""
    node = store.records.get(NodeRecord, "")
    is_same_boot = node is not None and node.boot_id == boot_id()
    return Lasting(
        agent_mark=lasting_agent_mark(state_dir),
        cgroup_path=node.cgroup if node is not None and is_same_boot else "",
    )


class Legacy(msgspec.Struct, kw_only=True):
    """What passes from one agent to the next.

    `fences` is what an earlier agent left of its containment; `keeper` is where helpers hand over
    what they keep, and `taken` what they had; `durable` waits for the store's disk. `is_left`: this
    agent goes, and leaves everything as it is. `rlimits` are for main processes.
    """

    fences: Lasting
    keeper: str
    durable: Callable[[], Awaitable[bool]]
    rlimits: tuple[RLimit, ...] = ()
    taken: Taken = msgspec.field(default_factory=Taken)
    is_left: bool = False

    async def prepare(
        self,
        reactor: Reactor,
        clock: SystemClock,
        helper: tuple[int, ...],
        problem: Callable[[str], None],
    ) -> str:
        """Take over what keepers hold; where the fences belong ("": with this process)."""
        from agent.host.scope import open_scope

        private_directory(str(Path(self.keeper).parent), mode=0o711)
        self.taken = await take_over(self.keeper, reactor, clock)
        if not helper:
            return ""
        recorded = self.fences.cgroup_path
        place = await open_scope(reactor, clock, problem, helper_pid=helper[0], recorded=recorded)
        return place or ""


class Inheritance:
    """The pods of an earlier agent, from its end to their going on."""

    def __init__(
        self, taken: Taken, machine: Machine, store: MemoryStore, settings: Settings
    ) -> None:
        """`taken` is what keepers held."""
        self._taken = taken
        self._machine = machine
        self._store = store
        self._settings = settings
        self._boot_id = boot_id()
        self._adopter = Adopter(machine, settings, taken.kept)
        self._began = machine.clock.monotonic()

    def continuity(self) -> Continuity:
        """What the workers are made with."""

        def delay_of(period: int) -> float:
            age = self._machine.clock.monotonic() - self._began
            return start_delay(period, random.random(), agent_age=age, was_already_there=True)

        return Continuity(
            records=self._store.records,
            boot_id=self._boot_id,
            adopt=self._adopter.adopt,
            files_of=lambda pod: run_files.read_all(pod_folder(self._settings.run_dir, pod)),
            delay_of=delay_of,
        )

    async def take_up(self, manager: PodManager, news: News) -> None:
        """Adopt what is remembered, end what is not (OSError: nothing was lost)."""
        self._remember_node()
        self._remember_pods()
        manager.resume()
        self._adopter.close()
        problem = await self._machine.spawner.check_kept()
        if not problem:
            self._taken.acknowledge()
        self._taken.close()
        for text in filter(None, (*self._taken.problems, problem)):
            news(text)
        self._tidy()
        for stranger in await self._machine.containment.end_strangers():
            news(
                "killed what a dead agent left behind",
                pid=stranger.pid,
                name=stranger.name,
            )

    def _remember_pods(self) -> None:
        """Pods that run, and that the database has not heard of, or not any more."""
        stored = self._store.list(Pod)
        uids = {pod.metadata.uid for pod in stored}
        names = {(pod.metadata.namespace, pod.metadata.name) for pod in stored}
        for pod in run_files.unknown_pods(self._settings.run_dir, self._boot_id, uids):
            name = pod.metadata.namespace, pod.metadata.name
            if name not in names:
                names.add(name)
                self._store.put(pod)

    def _tidy(self) -> None:
        """Nothing is left of pods that are gone: no record, no volume, no file."""
        records = self._store.records
        living = {pod.metadata.uid for pod in self._store.list(Pod)}
        for uid in records.pods():
            if uid and uid not in living:
                records.drop_pod(uid)
                shutil.rmtree(f"{self._settings.run_dir}/pods/{uid}/", ignore_errors=True)
        for base in {self._settings.state_dir, self._settings.run_dir}:
            volume_dirs.remove_leftovers(base, living)

    def _remember_node(self) -> None:
        fences = self._machine.containment.lasting
        self._store.records.put(NodeRecord(boot_id=self._boot_id, cgroup=fences.cgroup_path))
