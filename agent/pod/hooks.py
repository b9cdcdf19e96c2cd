"""postStart and preStop: run a lifecycle handler once, report what went wrong.

Kubernetes: pkg/kubelet/lifecycle/handlers.go. A hook has no timeout of its own; whoever waits for
it brings the deadline. tcpSocket, which a kubelet accepts and cannot run, connects within the
default timeout of a probe (docs: differences).
"""

from __future__ import annotations

import msgspec

from agent.action import hook_message, runner
from agent.action.result import Outcome
from agent.host.scheduler import Scheduler
from agent.model.event import EventType, Reason
from agent.model.handler import LifecycleHandler
from agent.model.pod import Pod
from agent.pod.facts import Instance
from agent.pod.metrics import Metrics
from agent.pod.recorder import Recorder
from agent.rules import messages

_TCP_TIMEOUT = 1.0


class HookRunner(msgspec.Struct, frozen=True, kw_only=True):
    """Runs the hooks of one pod's containers."""

    pod: Pod
    recorder: Recorder
    scheduler: Scheduler
    metrics: Metrics

    async def run(self, name: str, hook: LifecycleHandler, instance: Instance) -> str | None:
        """Run `hook` of container `name`; None when it succeeded, else the long failure message."""
        timeout = _TCP_TIMEOUT if hook.tcp_socket is not None else None
        result = await runner.run(instance.hook(hook), timeout, self.scheduler)
        if result.fallback:
            self.metrics.http_fallbacks += 1
            self.recorder.record(
                self.pod,
                EventType.WARNING,
                Reason.LIFECYCLE_HTTP_FALLBACK,
                f"request to HTTPS lifecycle hook {result.fallback} got HTTP response, "
                "retry with HTTP succeeded",
            )
        if result.outcome in (Outcome.SUCCESS, Outcome.WARNING):
            return None
        return hook_message.hook_message(hook, name, messages.pod_reference(self.pod), result)
