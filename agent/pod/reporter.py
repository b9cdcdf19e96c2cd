"""Facts to published status: the one place where a pod's status is written.

Kubernetes: generateAPIPodStatus and the status manager. Nothing is stored, and nobody is told,
unless the status differs from the one published last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from agent.host.clock import Clock
from agent.model.pod import Pod
from agent.model.runtime import ProbeKind
from agent.model.status import ContainerStatus, PodStatus
from agent.pod.facts import PodFacts
from agent.rules import phase, terminated
from agent.rules import status as rules
from agent.rules.readiness import ProbeBeliefs

if TYPE_CHECKING:
    from agent.rules.deadline import Eviction


class StoresPod(Protocol):
    """Where the pod is published."""

    def put(self, obj: Pod) -> Pod: ...


class Reporter:
    """Publishes the status of one pod."""

    def __init__(
        self, *, store: StoresPod, facts: PodFacts, clock: Clock, host_ips: tuple[str, ...]
    ) -> None:
        self._store = store
        self._facts = facts
        self._clock = clock
        self._host_ips = host_ips
        #: The status published last: an object that is replaced, never changed.
        self.status = PodStatus()
        self._shown: Pod | None = None  # with which it was published, if it was
        self._by_name: dict[str, ContainerStatus] = {}
        self.eviction: Eviction | None = None

    def published(self, pod: Pod) -> Pod:
        """`pod` with the status published last."""
        return msgspec.structs.replace(pod, status=self.status)

    def status_of(self, name: str) -> ContainerStatus | None:
        """A container's status as published last."""
        return self._by_name.get(name)

    def is_over(self) -> bool:
        """Whether the published phase is terminal."""
        return self.status.phase in phase.TERMINAL

    def report(self, pod: Pod, *, terminal: bool = False) -> PodStatus:
        """Publish what the facts amount to; returns it as it was generated.

        The phase that is returned may be terminal before it is published: it is published when
        nothing of the pod can run any more. `terminal`: the pod was told to end and has ended.
        """
        old = self.status if self._shown is not None else pod.status
        runs = self._facts.visible_runs()
        generated = rules.pod_status(
            pod,
            rules.PodFacts(
                runs=runs,
                sandboxes=self._facts.sandboxes,
                start_failures=self._facts.start_failures,
                beliefs=ProbeBeliefs(
                    readiness=self._facts.results[ProbeKind.READINESS],
                    startup=self._facts.results[ProbeKind.STARTUP],
                ),
                host_ips=self._host_ips,
                is_terminal=terminal,
                eviction=self.eviction,
            ),
            self._clock.now(),
            old=old,
        )
        if terminal:
            generated = terminated.terminate_pod(
                msgspec.structs.replace(pod, status=old), generated
            )
        running = bool(self._facts.live) or self._facts.is_starting
        shown = rules.publishable(old, generated, could_have_running_containers=running)
        if self._shown is not pod or shown != self.status:
            self.status, self._shown = shown, pod
            self._by_name = {
                status.name: status
                for status in (*shown.init_container_statuses, *shown.container_statuses)
            }
            self._store.put(msgspec.structs.replace(pod, status=shown))
        return generated
