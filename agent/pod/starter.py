"""Start one container: back-off, image, configuration, process, postStart.

Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_container.go startContainer and
kuberuntime_manager.go doBackOff.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from agent.host.clock import Clock
from agent.model.container import Container
from agent.model.event import EventType, Reason
from agent.model.handler import LifecycleHandler
from agent.model.pod import Pod
from agent.model.runtime import ContainerRun, KillReason
from agent.pod.facts import Instance, PodFacts
from agent.pod.hooks import HookRunner
from agent.pod.metrics import Metrics
from agent.pod.recorder import Recorder
from agent.pod.storage import Volumes
from agent.pod.termination import Terminator
from agent.rules import backoff, image_pull, messages
from agent.rules.events import Announcement
from agent.rules.image_pull import PullFailure

#: A start that failed for want of configuration or resources is tried again after so many
#: seconds (kubelet: the pod worker's retry interval of a failed sync), or after the longest delay
#: between restarts if that is less.
RETRY_SECONDS = 10.0

_HOOK_FAILED = "PostStartHookError"


class Attempt(msgspec.Struct, frozen=True):
    """How an attempt to start went; `retry_at` is in loop time."""

    started: bool
    retry_at: float | None = None


class StartError(Exception):
    """A container could not be started.

    `reason` is the waiting reason; `run` is the record of a run that failed to start, if it counts
    as one. Without a record the attempt is repeated after `RETRY_SECONDS`, without back-off.
    """

    def __init__(self, reason: str, message: str, run: ContainerRun | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.run = run


class Prepared(Protocol):
    """A container that is created but does not run yet (CRI: CreateContainer)."""

    async def start(self, meanwhile: Callable[[], None]) -> tuple[ContainerRun, Instance]:
        """Start the main process; raises StartError.

        `meanwhile` is called once in any case, when the start is on its way and need not be
        held up any more.
        """
        ...


class Runtime(Protocol):
    """What starts containers on this machine."""

    def image_problem(self, container: Container) -> str | None:
        """Why the container's image has no meaning here; None if it has."""
        ...

    def create(
        self, pod: Pod, container: Container, restart_count: int, volumes: Volumes
    ) -> Prepared:
        """Prepare a run; raises StartError."""
        ...

    def forget(self, pod: Pod) -> None:
        """Nothing of the pod runs any more."""
        ...


class BackOffLimits(msgspec.Struct, frozen=True, kw_only=True):
    """First and longest delay between restarts, in seconds."""

    initial: float = 10.0
    maximum: float = 300.0


class Starter:
    """Starts the containers of one pod, one at a time."""

    def __init__(
        self,
        *,
        facts: PodFacts,
        runtime: Runtime,
        volumes: Volumes,
        hooks: HookRunner,
        terminator: Terminator,
        recorder: Recorder,
        clock: Clock,
        limits: BackOffLimits,
        metrics: Metrics,
    ) -> None:
        self._facts = facts
        self._runtime = runtime
        self._volumes = volumes
        self._hooks = hooks
        self._terminator = terminator
        self._recorder = recorder
        self._clock = clock
        self._limits = limits
        self._metrics = metrics
        self._pulls: dict[str, PullFailure] = {}
        self._hook: asyncio.Task[str | None] | None = None
        self._hooks_are_over = False
        self._group: asyncio.TaskGroup | None = None

    def adopt(self, group: asyncio.TaskGroup) -> None:
        """Own tasks through `group` from now on, also those that watch what already runs."""
        self._group = group
        for name, instance in self._facts.live.items():
            self._watch(name, instance)

    def reconfigure(self, limits: BackOffLimits) -> None:
        """The configuration changed: other delays, and perhaps other images, so look anew."""
        self._limits = limits
        self._pulls.clear()

    def end_hooks(self) -> None:
        """The pod is to end: no postStart hook, of now or of what just starts, may delay that."""
        self._hooks_are_over = True
        if self._hook is not None:
            self._hook.cancel()

    async def start(
        self,
        pod: Pod,
        container: Container,
        last_exit: float | None,
        first: Callable[[], None] = lambda: None,
    ) -> Attempt:
        """Start `container` unless its back-off holds it back.

        `last_exit` is when its newest run that had ended at the beginning of this round ended
        (monotonic seconds): a run that was killed in this very round does not count (doBackOff
        looks at the status before the kill). `first` is called before anybody is told of this
        attempt, when it is on its way and nothing holds it up any more.
        """
        held = self._back_off(pod, container, last_exit, first)
        if held is not None:
            return held
        self._metrics.container_started(_kind(pod, container))
        held = self._lacks_image(pod, container, first)
        if held is not None:
            return held
        try:
            run, instance = await self._create_and_start(pod, container, first)
        except StartError as exc:
            return self._failed(pod, container, exc)
        return await self._post_start(pod, container, run, instance)

    def forget(self, pod: Pod) -> None:
        """The pod has ended: leave nothing of its runs on this machine but their logs."""
        self._runtime.forget(pod)

    def _back_off(
        self,
        pod: Pod,
        container: Container,
        last_exit: float | None,
        first: Callable[[], None],
    ) -> Attempt | None:
        name, now = container.name, self._clock.monotonic()
        entry = self._facts.back_off.get(name)
        if entry is not None and backoff.expired(entry, now):
            entry = None
        decision = backoff.decide(
            entry, last_exit, now, initial=self._limits.initial, maximum=self._limits.maximum
        )
        if decision.entry is None:
            self._facts.back_off.pop(name, None)
        else:
            self._facts.back_off[name] = decision.entry
        if decision.start:
            return None
        first()
        text = messages.back_off_event(pod, name)
        self._event(pod, name, EventType.WARNING, Reason.BACK_OFF, text)
        message = messages.back_off_waiting(pod, name, decision.delay)
        self._facts.failed_to_start(name, "CrashLoopBackOff", message)
        return Attempt(False, decision.retry_at)

    def _lacks_image(
        self, pod: Pod, container: Container, first: Callable[[], None]
    ) -> Attempt | None:
        """Look the image up; how the container waits when it means nothing here."""
        name, now = container.name, self._clock.monotonic()
        problem = self._runtime.image_problem(container)
        if problem is None:
            self._pulls.pop(name, None)
            return None
        first()
        report = image_pull.looked_in_vain(self._pulls.get(name), container.image, problem, now)
        self._pulls[name] = report.failure
        for announcement in report.announcements:
            self._announce(pod, name, announcement)
        self._refused(pod, container, report.reason, report.message)
        return Attempt(False, report.retry_at)

    async def _create_and_start(
        self, pod: Pod, container: Container, first: Callable[[], None]
    ) -> tuple[ContainerRun, Instance]:
        name = container.name
        count = self._facts.next_restart_count(name)
        pulled = image_pull.present(container.image)
        try:
            prepared = self._runtime.create(pod, container, count, self._volumes)
        except StartError:
            first()
            self._announce(pod, name, pulled)
            raise

        def meanwhile() -> None:
            first()
            self._announce(pod, name, pulled)
            self._event(pod, name, EventType.NORMAL, Reason.CREATED, f"Created container: {name}")

        self._facts.is_starting = True
        try:
            run, instance = await prepared.start(meanwhile)
        finally:
            self._facts.is_starting = False
        self._event(pod, name, EventType.NORMAL, Reason.STARTED, f"Started container {name}")
        return run, instance

    def _failed(self, pod: Pod, container: Container, exc: StartError) -> Attempt:
        text = f"Error: {exc.message}"
        self._event(pod, container.name, EventType.WARNING, Reason.FAILED, text)
        self._refused(pod, container, exc.reason, exc.message)
        if exc.run is not None:
            self._facts.began(exc.run, None)
            return Attempt(False)
        pause = min(RETRY_SECONDS, self._limits.maximum)
        return Attempt(False, self._clock.monotonic() + pause)

    def _refused(self, pod: Pod, container: Container, reason: str, message: str) -> None:
        """An attempt that was made did not succeed."""
        self._metrics.start_failed(_kind(pod, container), reason)
        self._facts.failed_to_start(container.name, reason, message)

    async def _post_start(
        self, pod: Pod, container: Container, run: ContainerRun, instance: Instance
    ) -> Attempt:
        hook = container.lifecycle.post_start if container.lifecycle is not None else None
        if hook is None:
            self._facts.start_succeeded(container.name)
        self._facts.began(run, instance, hidden=hook is not None)
        self._watch(container.name, instance)
        if hook is None:
            return Attempt(True)
        failure = await self._run_hook(container.name, hook, instance)
        if failure is None:
            # Until now the status has shown why the container was waiting.
            self._facts.reveal(run)
            return Attempt(True)
        self._event(
            pod,
            container.name,
            EventType.WARNING,
            Reason.FAILED_POST_START_HOOK,
            "PostStartHook failed",
        )
        await self._terminator.kill_container(
            pod,
            container,
            message="FailedPostStartHook",
            reason=KillReason.FAILED_POST_START_HOOK,
        )
        self._metrics.start_failed(_kind(pod, container), _HOOK_FAILED)
        self._facts.reveal(run, (_HOOK_FAILED, failure))
        return Attempt(False)

    async def _run_hook(self, name: str, hook: LifecycleHandler, instance: Instance) -> str | None:
        """The hook's failure, or None; a hook that the end of the pod cut short did not fail."""
        assert self._group is not None
        if self._hooks_are_over:
            return None
        self._hook = self._group.create_task(
            self._hooks.run(name, hook, instance), name=f"postStart of {name}"
        )
        try:
            await asyncio.wait([self._hook])
            return None if self._hook.cancelled() else self._hook.result()
        finally:
            self._hook.cancel()
            self._hook = None

    def _watch(self, name: str, instance: Instance) -> None:
        assert self._group is not None
        self._group.create_task(self._until_ended(name, instance), name=f"container {name}")

    async def _until_ended(self, name: str, instance: Instance) -> None:
        ended = await instance.watch()
        self._facts.finished(name, instance.container_id, ended)
        await instance.settle()

    def _event(self, pod: Pod, name: str, type_: EventType, reason: Reason, message: str) -> None:
        self._recorder.record(pod, type_, reason, message, container=name)

    def _announce(self, pod: Pod, name: str, what: Announcement) -> None:
        self._event(pod, name, what.type, what.reason, what.message)


def _kind(pod: Pod, container: Container) -> str:
    """The label container_type of the kubelet's metrics."""
    return "init_container" if container in pod.spec.init_containers else "container"
