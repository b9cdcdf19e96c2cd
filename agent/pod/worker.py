"""One pod from its first start to its end: observe, plan, do, wait for the next fact.

Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_manager.go SyncPod and pkg/kubelet/pod_workers.go.
Level-triggered: every round plans from all facts, so a late or doubled wake-up is harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from agent.host.clock import Clock
from agent.host.scheduler import Scheduler, Timer
from agent.host.turns import Turns
from agent.model.container import Container
from agent.model.event import EventType, Reason
from agent.model.pod import Pod
from agent.model.runtime import ProbeKind, Sandbox
from agent.model.status import PodStatus
from agent.pod.facts import PodFacts
from agent.pod.ledger import Ledger
from agent.pod.prober import PodProber
from agent.pod.readiness_hooks import ReadinessHooks
from agent.pod.recorder import Recorder
from agent.pod.reporter import Reporter
from agent.pod.starter import BackOffLimits, Starter
from agent.pod.storage import Volumes
from agent.pod.termination import Terminator
from agent.rules import deadline, grace, plan
from agent.rules.actions import PodActions
from agent.rules.annotations import drain_seconds
from agent.rules.phase import RUNNING, TERMINAL
from agent.rules.readiness import wants_readiness_probe
from agent.rules.restart import is_sidecar

#: A round that starts more containers than this publishes what became of several together: each
#: status is as long as the pod, so a pod would cost the square of its size.
_FEW_STARTS = 8
#: For how long, in seconds for each container that is to be started.
_GATHERED = 0.002


class WorkerParts(msgspec.Struct, frozen=True, kw_only=True):
    """The collaborators of one worker, all bound to the same pod's facts.

    `turns` are those of starting a container; all pods of a node share them.
    """

    facts: PodFacts
    ledger: Ledger
    prober: PodProber
    readiness_hooks: ReadinessHooks
    reporter: Reporter
    starter: Starter
    terminator: Terminator
    turns: Turns
    volumes: Volumes
    recorder: Recorder
    clock: Clock
    scheduler: Scheduler
    address: str


class PodWorker:
    """Carries out what the rules decide for one pod."""

    def __init__(self, pod: Pod, parts: WorkerParts) -> None:
        self._pod = pod
        self._parts = parts
        self._terminated = False
        self._containers = _by_name(pod)
        self._group: asyncio.TaskGroup | None = None
        self._ordinary_init = frozenset(
            container.name for container in pod.spec.init_containers if not is_sidecar(container)
        )
        self._wake = asyncio.Event()
        self._is_waiting = False
        self._stopping = False
        self._killed = False
        self._hurries = False
        self._owes_status = False
        self._told_phase: str | None = None
        self._starts = 0
        self._gathering: Timer | None = None
        self._planned: PodActions | None = None
        self._grace: int | None = None
        parts.facts.changed = self._changed
        parts.facts.shown = self._shown
        parts.volumes.changed = self._wake.set

    @property
    def pod(self) -> Pod:
        """The pod as it is wanted; its status lives in the store."""
        return self._pod

    @property
    def facts(self) -> PodFacts:
        """What happened to its containers so far."""
        return self._parts.facts

    def stop(self, pod: Pod, grace_seconds: int | None = None) -> None:
        """Ask for a graceful end; `pod` carries the time and grace of its deletion.

        Asked once more, the pod no longer waits for those who still send it requests.
        """
        self._hurries = self._stopping or grace_seconds == 0
        self._pod = pod
        self._stopping = True
        self._grace = grace_seconds
        self._parts.starter.end_hooks()
        self._wake.set()

    def update(self, pod: Pod) -> None:
        """Go on with `pod`, which differs in labels, annotations or images only.

        A container whose image changed is restarted by the next plan.
        """
        self._pod = pod
        self._told_phase = None
        self._containers = _by_name(pod)
        self._parts.prober.update(pod)
        self._wake.set()

    def reconfigure(self, limits: BackOffLimits) -> None:
        """The node's configuration changed: look anew for what could not be started."""
        self._parts.starter.reconfigure(limits)
        self._wake.set()

    def hasten(self, seconds: int) -> None:
        """The pod is stopping, and shall be gone within `seconds`: no hook is waited for."""
        self._stopping = self._hurries = True
        self._grace = seconds
        self._parts.starter.end_hooks()
        if self._group is not None:
            for instance in tuple(self._parts.facts.live.values()):
                self._group.create_task(instance.stop(seconds), name="hasten")
        self._parts.scheduler.call_later(seconds, self._parts.readiness_hooks.cancel)
        self._wake.set()

    def kill(self) -> None:
        """Everything ends now: SIGKILL to all that runs, and to what is just being started."""
        self._stopping = self._killed = True
        self._parts.starter.end_hooks()
        self._parts.readiness_hooks.cancel()
        self._kill_live()
        self._wake.set()

    def _kill_live(self) -> None:
        for instance in tuple(self._parts.facts.live.values()):
            instance.kill()

    async def run(self) -> None:
        """Run the pod to its end; returns when nothing of it is left.

        May be called again after it raised: it goes on from the facts. When it is cancelled, what
        runs is left as it is.
        """
        try:
            await self._run()
        except asyncio.CancelledError:
            self._parts.prober.close()
            raise
        finally:  # nothing is published of a pod that is over
            if self._gathering is not None:
                self._gathering.cancel()
                self._gathering = None

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._told_phase = None
            self._parts.starter.adopt(group)
            self._parts.readiness_hooks.adopt(group)
            self._parts.ledger.note()
            while not self._is_over():
                self._wake.clear()
                retry_at = await self._sync()
                self._catch_up()
                await self._wait(retry_at)
            await self._terminate()

    def _is_over(self) -> bool:
        if self._stopping:
            return True
        due = self._deadline()
        if due is not None and self._parts.clock.monotonic() >= due:
            self._evict(deadline.Eviction(deadline.REASON, deadline.MESSAGE))
            return True
        self._owes_status = self._only_restarts()
        if self._owes_status:
            return False
        # Mostly it is a fact published as it came that began this round: nothing is new since.
        phase = self._report().phase if self._told_phase is None else self._told_phase
        return phase in TERMINAL

    def _only_restarts(self) -> bool:
        """Whether the next thing to do is to start again what has ended in a pod that runs.

        Nothing in such a pod is held up by its status: the new process comes first, and what became
        of the old one is published while it is being started.
        """
        reporter, volumes = self._parts.reporter, self._parts.volumes
        self._planned = None
        if reporter.status.phase != RUNNING or reporter.eviction or not volumes.is_ready:
            return False
        self._planned = actions = self._plan()
        starts = actions.init_containers_to_start or actions.containers_to_start
        return bool(starts) and not actions.ends_something

    def _plan(self) -> PodActions:
        facts = self._parts.facts
        return plan.compute_pod_actions(
            self._pod,
            facts.all_runs(),
            facts.sandboxes,
            liveness=facts.results[ProbeKind.LIVENESS],
            startup=facts.results[ProbeKind.STARTUP],
        )

    def _evict(self, eviction: deadline.Eviction) -> None:
        """The pod fails by our own decision; its containers end with the pod's grace."""
        self._parts.reporter.eviction = eviction
        self._told_phase = None
        self._parts.recorder.record(
            self._pod, EventType.NORMAL, Reason.DEADLINE_EXCEEDED, eviction.message
        )

    def _report(self, *, terminal: bool = False) -> PodStatus:
        """Publish, and have readiness looked at now where a container is not ready."""
        self._owes_status = False
        status = self._parts.reporter.report(self._pod, terminal=terminal)
        self._told_phase = status.phase
        self._parts.readiness_hooks.observe(self._parts.reporter.published(self._pod))
        if not terminal:
            wanting = {
                container.name
                for container in (*status.init_container_statuses, *status.container_statuses)
                if wants_readiness_probe(self._containers[container.name], container)
            }
            self._parts.prober.trigger_readiness(wanting)
        return status

    async def _sync(self) -> float | None:
        """One round; when to look again even if nothing happens (loop time), or None."""
        facts, parts = self._parts.facts, self._parts
        volumes_retry_at = parts.volumes.set_up()
        if not parts.volumes.is_ready:
            return volumes_retry_at
        exits = facts.last_exits()
        actions, self._planned = self._planned or self._plan(), None
        if actions.kill_pod:
            await parts.terminator.kill_pod(self._pod, None)
            if not actions.create_sandbox:
                return None
        for kill in actions.containers_to_kill:
            container = self._containers[kill.name]
            if kill.name in actions.containers_to_start:
                facts.will_come_back(kill.name)
            await parts.terminator.kill_container(
                self._pod, container, message=kill.message, reason=kill.reason
            )
        if actions.create_sandbox:
            facts.new_sandbox(
                Sandbox(
                    sandbox_id=self._pod.metadata.uid, ip=parts.address, attempt=actions.attempt
                ),
                (container.name for container in self._pod.spec.init_containers),
            )
        if actions.ends_something:
            self._told_phase = None  # not every step of these is told as a change
        parts.prober.start()
        retry_at = await self._start(actions, exits)
        return min((at for at in (retry_at, volumes_retry_at) if at is not None), default=None)

    async def _start(self, actions: PodActions, exits: Mapping[str, float]) -> float | None:
        retries: list[float] = []
        names = (*actions.init_containers_to_start, *actions.containers_to_start)
        self._starts = len(names)
        for name in names:
            if not self._parts.turns.try_take():
                self._catch_up()
                await self._parts.turns.take()
            if self._stopping or self._parts.reporter.is_over():
                break
            container = self._containers[name]
            attempt = await self._parts.starter.start(
                self._pod, container, exits.get(name), self._catch_up
            )
            if attempt.retry_at is not None:
                retries.append(attempt.retry_at)
            if not attempt.started:
                self._told_phase = None
            if not attempt.started and name in self._ordinary_init:
                break
        return min(retries, default=None)

    def _catch_up(self) -> None:
        """Publish what was put off for a restart."""
        if self._owes_status:
            self._report()

    async def _wait(self, retry_at: float | None) -> None:
        """Wait for the next fact, or for `retry_at`, or for the pod's deadline."""
        due = [at for at in (retry_at, self._deadline()) if at is not None]
        timer = self._parts.scheduler.call_at(min(due), self._wake.set) if due else None
        self._is_waiting = True
        try:
            await self._wake.wait()
        finally:
            self._is_waiting = False
            if timer is not None:
                timer.cancel()

    def _deadline(self) -> float | None:
        """When activeDeadlineSeconds ends (monotonic seconds), or None."""
        seconds = self._pod.spec.active_deadline_seconds
        return None if seconds is None else self._parts.facts.active_since + seconds

    async def _terminate(self) -> None:
        """Kill what still runs and publish the final status."""
        self._parts.prober.stop_liveness_and_startup()
        self._report()
        if self._killed:
            self._kill_live()
        else:
            await self._drain()
        override = grace.effective_grace_period(self._pod, 0, self._grace).seconds
        asked = self._pod.metadata.deletion_timestamp is not None
        await self._parts.terminator.kill_pod(self._pod, override if asked else None)
        self._parts.prober.close()
        self._parts.facts.end_sandbox()
        self._terminated = True
        self._report(terminal=True)
        await self._parts.readiness_hooks.finish()
        await self._parts.volumes.tear_down()
        self._parts.starter.forget(self._pod)
        self._parts.ledger.close()

    async def _drain(self) -> None:
        """Serve on while those who send requests learn that they should send them elsewhere.

        Deletion has made the pod unready for them (rules.traffic). The grace period begins later.
        """
        clock, facts = self._parts.clock, self._parts.facts
        if self._pod.metadata.deletion_timestamp is None or not self._serves():
            return
        due = clock.monotonic() + drain_seconds(self._pod)
        timer = self._parts.scheduler.call_at(due, self._wake.set)
        try:
            while facts.live and not (self._hurries or self._killed) and clock.monotonic() < due:
                self._wake.clear()
                await self._wake.wait()
        finally:
            timer.cancel()

    def _serves(self) -> bool:
        """Whether any container may be getting requests."""
        return any(status.ready for status in self._parts.reporter.status.container_statuses)

    def _changed(self) -> None:
        """A fact changed: publish what it means at once, then plan anew.

        A worker that waits begins its next round at once, and every round begins so.
        """
        self._wake.set()
        self._told_phase = None
        self._parts.ledger.note()
        if not self._is_waiting and self._gathering is None:
            self._publish()
            if self._starts > _FEW_STARTS:
                pause = self._starts * _GATHERED
                self._gathering = self._parts.scheduler.call_later(pause, self._gathered)

    def _gathered(self) -> None:
        self._gathering = None
        if self._told_phase is None:
            self._publish()

    def _shown(self) -> None:
        """Only what is published changed; the next plan would be the same."""
        self._parts.ledger.note()
        self._publish()

    def _publish(self) -> None:
        if not self._terminated:
            self._report()


def _by_name(pod: Pod) -> dict[str, Container]:
    return {c.name: c for c in (*pod.spec.init_containers, *pod.spec.containers)}
