"""postStart and preStop: run a lifecycle handler once, report what went wrong.

Kubernetes: pkg/kubelet/lifecycle/handlers.go. A hook has no timeout of its own; whoever waits for
it brings the deadline. tcpSocket, which a kubelet accepts and cannot run, connects within the
default timeout of a probe (docs: differences).
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.action import runner
from agent.action.result import ActionResult, Outcome
from agent.host.scheduler import Scheduler
from agent.model.event import EventType, Reason
from agent.model.handler import LifecycleHandler
from agent.model.pod import Pod
from agent.pod.facts import Instance
from agent.pod.recorder import Recorder

_TCP_TIMEOUT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRunner:
    """Runs the hooks of one pod's containers."""

    pod: Pod
    recorder: Recorder
    scheduler: Scheduler

    async def run(self, name: str, hook: LifecycleHandler, instance: Instance) -> str | None:
        """Run `hook` of container `name`; None when it succeeded, else the long failure message."""
        timeout = _TCP_TIMEOUT if hook.tcp_socket is not None else None
        result = await runner.run(instance.hook(hook), timeout, self.scheduler)
        if result.note:
            self.recorder.record(
                self.pod, EventType.WARNING, Reason.LIFECYCLE_HTTP_FALLBACK, result.note
            )
        if result.outcome in (Outcome.SUCCESS, Outcome.WARNING):
            return None
        return self._message(name, hook, result)

    def _message(self, name: str, hook: LifecycleHandler, result: ActionResult) -> str:
        meta = self.pod.metadata
        where = f'for Container "{name}" in Pod "{meta.name}_{meta.namespace}({meta.uid})" failed'
        if hook.exec is not None:
            return _exec_message(hook.exec.command, where, result)
        if hook.http_get is not None:
            return f"HTTP lifecycle hook ({hook.http_get.path}) {where} - error: {result.output}"
        if hook.tcp_socket is not None:
            return f"TCP lifecycle hook {where} - error: {result.output}"
        return f"Sleep lifecycle hook {where} - error: {result.output}"


def _exec_message(command: tuple[str, ...], where: str, result: ActionResult) -> str:
    argv = " ".join(command)
    if result.exit_code is None:
        return f'Exec lifecycle hook ([{argv}]) {where} - error: {result.output}, message: ""'
    error = f"command '{argv}' exited with {result.exit_code}: {result.output}"
    return f'Exec lifecycle hook ([{argv}]) {where} - error: {error}, message: "{result.output}"'
