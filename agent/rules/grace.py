"""How long may a container take to stop?"""

from __future__ import annotations

import msgspec

from agent.model.container import Container
from agent.model.handler import Probe
from agent.model.pod import Pod
from agent.model.runtime import KillReason

#: Between the stop signal and SIGKILL there are always at least so many seconds.
MINIMUM_GRACE_PERIOD = 2


class EffectiveGracePeriod(msgspec.Struct, frozen=True):
    """The pod's grace period in seconds, and whether it became shorter than it was."""

    seconds: int
    shortened: bool


def effective_grace_period(pod: Pod, previous: int, override: int | None) -> EffectiveGracePeriod:
    """Return the grace period of a terminating pod.

    `previous` is the one in force (0: termination begins now), `override` what another part of
    the agent asks for. It can only shrink, and is at least one second.
    Kubernetes: calculateEffectiveGracePeriod (kubelet/pod_workers.go).
    """
    seconds = previous
    given = False
    for asked in (pod.metadata.deletion_grace_period_seconds, override):
        if asked is not None and (seconds == 0 or asked < seconds):
            seconds = asked
            given = True
    wanted = pod.spec.termination_grace_period_seconds
    if not given and seconds == 0 and wanted is not None:
        seconds = wanted
    seconds = max(seconds, 1)
    return EffectiveGracePeriod(seconds, shortened=previous not in (0, seconds))


def container_grace_period(pod: Pod, container: Container, reason: KillReason) -> int:
    """Return the grace period of one kill, before an override and before preStop, in seconds.

    Kubernetes: setTerminationGracePeriod (kuberuntime_container.go).
    """
    if pod.metadata.deletion_grace_period_seconds is not None:
        return pod.metadata.deletion_grace_period_seconds
    if pod.spec.termination_grace_period_seconds is None:
        return MINIMUM_GRACE_PERIOD
    probe = _failed_probe(container, reason)
    if probe is not None and probe.termination_grace_period_seconds is not None:
        return probe.termination_grace_period_seconds
    return pod.spec.termination_grace_period_seconds


def _failed_probe(container: Container, reason: KillReason) -> Probe | None:
    match reason:
        case KillReason.STARTUP_PROBE:
            return container.startup_probe
        case KillReason.LIVENESS_PROBE:
            return container.liveness_probe
        case KillReason.NONE | KillReason.FAILED_POST_START_HOOK | KillReason.UNKNOWN:
            return None


class GraceBudget(msgspec.Struct, frozen=True):
    """What is left of the grace period while a container is killed (killContainer).

    One budget pays for the preStop hook, then for the wait for its turn, then for the time
    between the stop signal and SIGKILL. Time is paid in whole seconds, cut down.
    """

    remaining: int

    @property
    def exhausted(self) -> bool:
        """Nothing is left: no preStop hook is begun, no turn is waited for."""
        return self.remaining <= 0

    def after(self, elapsed: float) -> GraceBudget:
        """Pay for a step that took `elapsed` seconds; it was bounded by `remaining`."""
        return msgspec.structs.replace(self, remaining=self.remaining - int(elapsed))

    @property
    def stop_timeout(self) -> int:
        """Seconds between the stop signal and SIGKILL."""
        return max(self.remaining, MINIMUM_GRACE_PERIOD)


def grace_budget(
    pod: Pod, container: Container, reason: KillReason, override: int | None = None
) -> GraceBudget:
    """Open the budget of one kill; an override (pod termination) replaces everything else."""
    if override is not None:
        return GraceBudget(override)
    return GraceBudget(container_grace_period(pod, container, reason))
