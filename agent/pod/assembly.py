"""Make the worker of a pod and all that belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from agent.host.clock import Clock
from agent.host.scheduler import Scheduler
from agent.host.turns import Turns
from agent.model.pod import Pod
from agent.pod import revival, run_files
from agent.pod.facts import PodFacts
from agent.pod.hooks import HookRunner
from agent.pod.ledger import Ledger, NoLedger, RecordLedger
from agent.pod.metrics import Metrics
from agent.pod.prober import PodProber, ProberParts
from agent.pod.readiness_hooks import ReadinessHooks, RunsAside
from agent.pod.recorder import Recorder
from agent.pod.reporter import Reporter, StoresPod
from agent.pod.rota import Rota
from agent.pod.starter import BackOffLimits, Runtime, Starter
from agent.pod.storage import Volumes
from agent.pod.termination import Terminator
from agent.pod.worker import PodWorker, WorkerParts
from agent.store.records import RecordTable


class Continuity(msgspec.Struct, frozen=True, kw_only=True):
    """What lets pods outlive the agent.

    `records` is where facts are written down, `boot_id` names the machine's present boot, `adopt`
    takes over a run of an earlier agent, `files_of` gives the files of a pod's runs. `delay_of` is
    how long a probe with a period of so many seconds waits before its first run in a pod that was
    there before this agent.
    """

    records: RecordTable
    boot_id: str
    adopt: revival.Adopt
    files_of: Callable[[Pod], Sequence[run_files.RunFile]]
    delay_of: Callable[[int], float]


class Assembly(msgspec.Struct, frozen=True, kw_only=True):
    """What the workers of one node share; `address` is the node's.

    Without a `continuity` nothing is remembered, and pods end with the process that runs them.
    """

    runtime: Runtime
    aside: RunsAside
    volumes: Callable[[Pod], Volumes]
    store: StoresPod
    recorder: Recorder
    metrics: Metrics
    clock: Clock
    scheduler: Scheduler
    limits: BackOffLimits
    address: str
    continuity: Continuity | None = None
    rota: Rota = msgspec.field(default_factory=Rota)
    turns: Turns = msgspec.field(default_factory=Turns)

    def worker(self, pod: Pod) -> PodWorker:
        """The worker of `pod`, not yet running.

        What an earlier agent remembers of the pod is taken up (OSError: that cannot be told).
        """
        clock, scheduler, recorder = self.clock, self.scheduler, self.recorder
        facts = PodFacts(clock=clock)
        volumes = self.volumes(pod)
        memory = self._memory(pod)
        if memory is not None:
            self._revive(facts, pod, memory)
        hooks = HookRunner(pod=pod, recorder=recorder, scheduler=scheduler, metrics=self.metrics)
        readiness_hooks = ReadinessHooks(
            facts=facts, aside=self.aside, recorder=recorder, scheduler=scheduler
        )
        terminator = Terminator(facts=facts, hooks=hooks, recorder=recorder, clock=clock)
        reporter = Reporter(store=self.store, facts=facts, clock=clock, host_ips=(self.address,))
        starter = Starter(
            facts=facts,
            runtime=self.runtime,
            volumes=volumes,
            hooks=hooks,
            terminator=terminator,
            recorder=recorder,
            clock=clock,
            limits=self.limits,
            metrics=self.metrics,
        )
        prober = PodProber(
            pod,
            ProberParts(
                facts=facts,
                scheduler=scheduler,
                rota=self.rota,
                recorder=recorder,
                metrics=self.metrics,
                published=reporter,
                delay_of=self._delay_of(memory),
            ),
        )
        if facts.live:
            readiness_hooks.resume(pod)
        return PodWorker(
            pod,
            WorkerParts(
                facts=facts,
                ledger=self._ledger(facts, pod),
                prober=prober,
                readiness_hooks=readiness_hooks,
                reporter=reporter,
                starter=starter,
                terminator=terminator,
                turns=self.turns,
                volumes=volumes,
                recorder=recorder,
                clock=clock,
                scheduler=scheduler,
                address=self.address,
            ),
        )

    def _memory(self, pod: Pod) -> revival.Memory | None:
        continuity = self.continuity
        if continuity is None:
            return None
        files = continuity.files_of(pod)
        return revival.recall(continuity.records, pod, continuity.boot_id, files)

    def _revive(self, facts: PodFacts, pod: Pod, memory: revival.Memory) -> None:
        assert self.continuity is not None
        revival.revive(facts, pod, memory, self.continuity.adopt)

    def _delay_of(self, memory: revival.Memory | None) -> Callable[[int], float] | None:
        if self.continuity is None or memory is None:
            return None
        return self.continuity.delay_of

    def _ledger(self, facts: PodFacts, pod: Pod) -> Ledger:
        if self.continuity is None:
            return NoLedger()
        containers = (*pod.spec.init_containers, *pod.spec.containers)
        hooked = {c.name for c in containers if c.lifecycle is not None and c.lifecycle.post_start}
        return RecordLedger(
            records=self.continuity.records,
            facts=facts,
            pod=pod,
            boot_id=self.continuity.boot_id,
            has_post_start=hooked.__contains__,
        )
