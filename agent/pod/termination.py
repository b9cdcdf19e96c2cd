"""How a container, or a whole pod, comes to its end: preStop, order, stop signal, SIGKILL.

Kubernetes: pkg/kubelet/kuberuntime/kuberuntime_container.go killContainer
and killContainersWithSyncResult, kuberuntime_termination_order.go.
"""

from __future__ import annotations

import asyncio

import msgspec

from agent.host.clock import Clock
from agent.model.container import Container
from agent.model.event import EventType, Reason
from agent.model.handler import LifecycleHandler
from agent.model.pod import Pod
from agent.model.runtime import KillReason
from agent.pod.facts import Instance, PodFacts
from agent.pod.hooks import HookRunner
from agent.pod.recorder import Recorder
from agent.rules import grace as grace_rules
from agent.rules import messages, order
from agent.store.records import HookProgress

#: How long a hook may take to notice that its container is gone, in seconds.
_HOOK_REPORT_TIMEOUT = 1.0


class Turns:
    """Lets sidecars wait until those that must end before them have ended."""

    def __init__(self, pod: Pod, running: frozenset[str]) -> None:
        self._before = {name: order.waits_for(pod, name, running) for name in running}
        self._ended = {name: asyncio.Event() for name in running}

    def ended(self, name: str) -> None:
        """`name` has ended; those that waited for it may go on."""
        self._ended[name].set()

    async def wait(self, name: str) -> None:
        """Wait until it is the turn of `name`."""
        for other in self._before[name]:
            await self._ended[other].wait()


class Terminator(msgspec.Struct, frozen=True, kw_only=True):
    """Ends containers of one pod."""

    facts: PodFacts
    hooks: HookRunner
    recorder: Recorder
    clock: Clock

    async def kill_container(
        self,
        pod: Pod,
        container: Container,
        *,
        message: str = "",
        reason: KillReason = KillReason.NONE,
        override: int | None = None,
        turns: Turns | None = None,
    ) -> None:
        """End one container within its grace period; returns when nothing of it is left.

        `override` (seconds) replaces the grace period that the pod and the reason select.
        """
        instance = self.facts.live.get(container.name)
        if instance is not None:
            self.recorder.record(
                pod,
                EventType.NORMAL,
                Reason.KILLING,
                message or messages.stopping(container.name),
                container=container.name,
            )
            budget = grace_rules.grace_budget(pod, container, reason, override)
            await self._end(pod, container, instance, budget, turns)
        if turns is not None:
            turns.ended(container.name)

    async def _end(
        self,
        pod: Pod,
        container: Container,
        instance: Instance,
        budget: grace_rules.GraceBudget,
        turns: Turns | None,
    ) -> None:
        """preStop, then wait for the turn, then the stop signal; less if it ends by itself."""
        async with asyncio.TaskGroup() as group:
            gone = group.create_task(self.facts.wait_gone(instance.container_id))
            hook = self._start_pre_stop(group, pod, container, instance, budget)
            if hook is not None:
                budget = await self._spend(budget, hook, gone)
            if turns is not None:
                turn = group.create_task(turns.wait(container.name))
                budget = await self._spend(budget, turn, gone)
                turn.cancel()
            await instance.stop(budget.stop_timeout)
            await gone
            if hook is not None:
                await self._bury(hook, container)

    async def kill_pod(self, pod: Pod, override: int | None) -> None:
        """End all containers in parallel; sidecars get their signal after those they serve."""
        running = frozenset(self.facts.live)
        turns = Turns(pod, running) if order.has_order(pod) else None
        async with asyncio.TaskGroup() as group:
            for container in (*pod.spec.init_containers, *pod.spec.containers):
                if container.name in running:
                    group.create_task(
                        self.kill_container(pod, container, override=override, turns=turns),
                        name=f"kill {container.name}",
                    )

    def _start_pre_stop(
        self,
        group: asyncio.TaskGroup,
        pod: Pod,
        container: Container,
        instance: Instance,
        budget: grace_rules.GraceBudget,
    ) -> asyncio.Task[None] | None:
        hook = container.lifecycle.pre_stop if container.lifecycle is not None else None
        if hook is None or budget.exhausted or self._has_run_pre_stop(instance):
            return None
        return group.create_task(
            self._pre_stop(pod, container, hook, instance), name=f"preStop of {container.name}"
        )

    def _has_run_pre_stop(self, instance: Instance) -> bool:
        """Whether an earlier agent, or an earlier attempt to end this run, saw it to its end."""
        progress = self.facts.pre_stop.get(instance.container_id)
        return progress in (HookProgress.SUCCEEDED, HookProgress.FAILED)

    async def _pre_stop(
        self, pod: Pod, container: Container, hook: LifecycleHandler, instance: Instance
    ) -> None:
        id_ = instance.container_id
        self.facts.pre_stop_is(id_, HookProgress.RUNNING)
        failure = await self.hooks.run(container.name, hook, instance)
        self.facts.pre_stop_is(
            id_, HookProgress.SUCCEEDED if failure is None else HookProgress.FAILED
        )
        if failure is not None:
            self.recorder.record(
                pod,
                EventType.WARNING,
                Reason.FAILED_PRE_STOP_HOOK,
                "PreStopHook failed",
                container=container.name,
            )

    async def _spend(
        self, budget: grace_rules.GraceBudget, step: asyncio.Task[None], gone: asyncio.Task[None]
    ) -> grace_rules.GraceBudget:
        """Wait for a step, but no longer than the budget or the container lasts; what is left."""
        if budget.exhausted:
            return budget
        begun = self.clock.monotonic()
        await asyncio.wait(
            (step, gone), timeout=budget.remaining, return_when=asyncio.FIRST_COMPLETED
        )
        return budget.after(self.clock.monotonic() - begun)

    async def _bury(self, hook: asyncio.Task[None], container: Container) -> None:
        """The container is gone: a hook that dealt with it fails and says so; sleep is no such."""
        lifecycle = container.lifecycle
        if lifecycle is None or lifecycle.pre_stop is None or lifecycle.pre_stop.sleep is None:
            await asyncio.wait([hook], timeout=_HOOK_REPORT_TIMEOUT)
        hook.cancel()
