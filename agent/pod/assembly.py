"""Make the worker of a pod and all that belongs to it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agent.host.clock import Clock
from agent.host.scheduler import Scheduler
from agent.model.pod import Pod
from agent.pod.facts import PodFacts
from agent.pod.hooks import HookRunner
from agent.pod.metrics import Metrics
from agent.pod.prober import PodProber, ProberParts
from agent.pod.readiness_hooks import ReadinessHooks, RunsAside
from agent.pod.recorder import Recorder
from agent.pod.reporter import Reporter, StoresPod
from agent.pod.starter import BackOffLimits, Runtime, Starter
from agent.pod.storage import Volumes
from agent.pod.termination import Terminator
from agent.pod.worker import PodWorker, WorkerParts


class Assembly(msgspec.Struct, frozen=True, kw_only=True):
    """What the workers of one node share; `address` is the node's."""

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

    def worker(self, pod: Pod) -> PodWorker:
        """The worker of `pod`, not yet running."""
        clock, scheduler, recorder = self.clock, self.scheduler, self.recorder
        facts = PodFacts(clock=clock)
        volumes = self.volumes(pod)
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
                recorder=recorder,
                metrics=self.metrics,
                status_of=reporter.status_of,
                is_over=reporter.is_over,
            ),
        )
        return PodWorker(
            pod,
            WorkerParts(
                facts=facts,
                prober=prober,
                readiness_hooks=readiness_hooks,
                reporter=reporter,
                starter=starter,
                terminator=terminator,
                volumes=volumes,
                recorder=recorder,
                clock=clock,
                scheduler=scheduler,
                address=self.address,
            ),
        )
