"""Tell others when a pod may be sent requests, and when no longer: commands of its annotations.

One command at a time; when the pod changes its mind meanwhile, only the latest state is told.
A pod begins as not ready, which is not told.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from agent.action import runner
from agent.action.result import ActionResult, Outcome
from agent.host.scheduler import Scheduler
from agent.model.container import Container
from agent.model.event import EventType, Reason
from agent.model.handler import ExecAction, LifecycleHandler
from agent.model.pod import Pod
from agent.pod.facts import PodFacts
from agent.pod.recorder import Recorder
from agent.rules import traffic
from agent.rules.annotations import readiness_command

#: A command that takes longer is killed, or it would hold up all later ones.
TIMEOUT = 30.0


class RunsAside(Protocol):
    """Runs a command as a container would, whether or not that runs."""

    async def run(
        self, pod: Pod, container: Container, argv: tuple[str, ...], seconds: float
    ) -> ActionResult: ...


class ReadinessHooks:
    """The readiness hooks of one pod."""

    def __init__(
        self, *, facts: PodFacts, aside: RunsAside, recorder: Recorder, scheduler: Scheduler
    ) -> None:
        self._facts = facts
        self._aside = aside
        self._recorder = recorder
        self._scheduler = scheduler
        self._group: asyncio.TaskGroup | None = None
        self._task: asyncio.Task[None] | None = None
        self._pod = Pod()
        self._is_ready = False
        self._told = False
        self._is_closed = False

    def adopt(self, group: asyncio.TaskGroup) -> None:
        """Own tasks through `group` from now on."""
        self._group = group
        self._begin()

    def resume(self, pod: Pod) -> None:
        """An earlier agent published the pod like this, and told so."""
        self._told = self._is_ready = traffic.pod_standing(pod).traffic is traffic.Traffic.SEND

    def observe(self, pod: Pod) -> None:
        """The pod was published like this."""
        if not pod.metadata.annotations:
            return
        self._pod = pod
        self._is_ready = traffic.pod_standing(pod).traffic is traffic.Traffic.SEND
        self._begin()

    async def finish(self) -> None:
        """The pod has ended: wait for the last command."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def cancel(self) -> None:
        """End what runs, run nothing any more."""
        self._is_closed = True
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        if self._is_closed or self._group is None or self._is_ready == self._told:
            return
        if self._task is None or self._task.done():
            self._task = self._group.create_task(self._follow(), name="readiness hook")

    async def _follow(self) -> None:
        """Tell the latest state until there is nothing new to tell."""
        while self._told != self._is_ready:
            self._told = self._is_ready
            await self._tell(self._pod, ready=self._told)

    async def _tell(self, pod: Pod, *, ready: bool) -> None:
        argv = readiness_command(pod, ready=ready)
        if not argv:
            return
        container = pod.spec.containers[0]
        result = await self._run(pod, container, argv)
        if result.outcome in (Outcome.FAILURE, Outcome.ERROR):
            self._recorder.record(
                pod,
                EventType.WARNING,
                Reason.FAILED_READINESS_HOOK,
                f"{'on-ready' if ready else 'on-not-ready'} hook failed: {_problem(result)}",
                container=container.name,
            )

    async def _run(self, pod: Pod, container: Container, argv: tuple[str, ...]) -> ActionResult:
        """In the container if it has files of its own to see, else beside it: it may end."""
        instance = self._facts.live.get(container.name)
        if instance is None or not container.volume_mounts:
            return await self._aside.run(pod, container, argv, TIMEOUT)
        hook = instance.hook(LifecycleHandler(exec=ExecAction(command=argv)))
        return await runner.run(hook, TIMEOUT, self._scheduler)


def _problem(result: ActionResult) -> str:
    code = "" if result.exit_code is None else f"exit code {result.exit_code}"
    return ": ".join(filter(None, (code, result.output.rstrip("\n"))))
