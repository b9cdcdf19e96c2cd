"""The probe workers of one pod: which there are, and when all of them begin and end.

Kubernetes: pkg/kubelet/prober. What one of them does is in probe_worker.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

import msgspec

from agent.host.scheduler import Scheduler
from agent.model.container import Container
from agent.model.handler import Probe
from agent.model.pod import Pod
from agent.model.runtime import ProbeKind
from agent.model.status import ContainerStatus, PodStatus
from agent.pod import probe_worker  # which few pods need: see agent.boot
from agent.pod.facts import PodFacts
from agent.pod.metrics import Metrics
from agent.pod.recorder import Recorder
from agent.pod.rota import Rota
from agent.rules import environment, restart


class Published(Protocol):
    """What is published of a pod (agent.pod.reporter)."""

    #: Replaced by another object whenever it changes.
    status: PodStatus

    def status_of(self, name: str) -> ContainerStatus | None:
        """A container's status; None before the first one."""
        ...

    def is_over(self) -> bool:
        """Whether the pod's phase is terminal."""
        ...


class ProberParts(msgspec.Struct, frozen=True, kw_only=True):
    """The collaborators of a pod's probe workers.

    `delay_of` is how long a probe with a period of so many seconds waits before its first run, in
    a pod that was there before the agent; None for a new pod. All pods of a node share its `rota`.
    """

    facts: PodFacts
    scheduler: Scheduler
    rota: Rota
    recorder: Recorder
    metrics: Metrics
    published: Published
    delay_of: Callable[[int], float] | None = None


class PodProber:
    """Owns the workers of one pod."""

    __slots__ = ("_begun", "_workers", "parts", "pod")

    def __init__(self, pod: Pod, parts: ProberParts) -> None:
        #: What is reported is about this one.
        self.pod = pod
        self.parts = parts
        self._workers: tuple[probe_worker.ProbeWorker, ...] = ()
        self._begun = False

    def start(self) -> None:
        """Make the workers of regular containers and sidecars; once, before the first start."""
        if self._begun:
            return
        self._begun = True
        sidecars = tuple(c for c in self.pod.spec.init_containers if restart.is_sidecar(c))
        self._workers = tuple(
            probe_worker.ProbeWorker(self, container, kind, probe)
            for container in (*sidecars, *self.pod.spec.containers)
            for kind, probe in probes_of(container)
        )
        for worker in self._workers:
            worker.start()

    def update(self, pod: Pod) -> None:
        """The same pod with other labels, annotations or images."""
        self.pod = pod

    def trigger_readiness(self, names: Collection[str]) -> None:
        """Run the readiness probes of these containers out of turn, soon (UpdatePodStatus)."""
        if not names:
            return
        for worker in self._workers:
            if worker.container in names and worker.kind is ProbeKind.READINESS:
                worker.trigger()

    def stop_liveness_and_startup(self) -> None:
        """The pod is ending: regular containers are no longer judged, readiness goes on."""
        regular = {container.name for container in self.pod.spec.containers}
        for worker in self._workers:
            if worker.container in regular and worker.kind is not ProbeKind.READINESS:
                worker.stop()

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.stop()


def probes_of(container: Container) -> list[tuple[ProbeKind, Probe]]:
    """The probes of a container in the order in which they matter, commands expanded."""
    kinds = (
        (ProbeKind.STARTUP, container.startup_probe),
        (ProbeKind.READINESS, container.readiness_probe),
        (ProbeKind.LIVENESS, container.liveness_probe),
    )
    return [(kind, _expanded(probe, container)) for kind, probe in kinds if probe is not None]


def _expanded(probe: Probe, container: Container) -> Probe:
    """An exec probe's command with the literal variables of its container in place."""
    if probe.exec is None:
        return probe
    command = environment.expand_probe_command(probe.exec.command, container)
    return msgspec.structs.replace(
        probe, exec=msgspec.structs.replace(probe.exec, command=tuple(command))
    )
