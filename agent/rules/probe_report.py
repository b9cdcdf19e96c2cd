"""What do others learn of a probe: its event, its metrics, and whether a container is ready?

(kubelet: pkg/kubelet/prober/prober.go, prober_manager.go)
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.model.event import EventType, Reason
from agent.model.runtime import Outcome, ProbeKind, ProbeResult
from agent.rules.events import Announcement


@dataclass(frozen=True, slots=True)
class ProbeMetric:
    """What one execution adds to `prober_probe_total` and `prober_probe_duration_seconds`."""

    result: str
    is_timed: bool


_SUCCESSFUL = ProbeMetric("successful", is_timed=True)
_FAILED = ProbeMetric("failed", is_timed=False)


def probe_event(
    kind: ProbeKind, outcome: Outcome, output: str, *, errored_as: str = "unknown"
) -> Announcement | None:
    """The event of one execution, after all its tries; every failure has one, not only the last.

    `output` is the failure's, warning's or error's text; `errored_as` is the result that the
    handler gave beside an error (success, warning, failure, unknown).
    """
    if outcome is Outcome.SUCCESS:
        return None
    if outcome is Outcome.WARNING:
        message = f"{kind} probe warning: {output}"
        return Announcement(EventType.WARNING, Reason.PROBE_WARNING, message)
    if outcome is Outcome.FAILURE:
        message = f"{kind} probe failed: {output}"
    else:
        message = f"{kind} probe errored and resulted in {errored_as} state: {output}"
    return Announcement(EventType.WARNING, Reason.UNHEALTHY, message)


def probe_metric(outcome: Outcome) -> ProbeMetric | None:
    """The metrics of one execution; an error has none, and only successes are timed."""
    if outcome is Outcome.ERROR:
        return None
    return _FAILED if outcome is Outcome.FAILURE else _SUCCESSFUL


def is_started(*, running: bool, has_probe: bool, result: ProbeResult | None) -> bool:
    """The `started` of a container's status; `result` is its startup probe's (isContainerStarted).

    None means that the probe has said nothing of this container yet.
    """
    return running and (not has_probe or result is ProbeResult.SUCCESS)


def is_ready(*, running: bool, started: bool, has_probe: bool, result: ProbeResult | None) -> bool:
    """The `ready` of a container's status; `result` is its readiness probe's (UpdatePodStatus)."""
    return running and started and (not has_probe or result is ProbeResult.SUCCESS)


def wants_manual_run(*, running: bool, started: bool, result: ProbeResult | None) -> bool:
    """Whether the readiness probe runs out of turn when a status is made (UpdatePodStatus).

    So it runs right after the startup probe succeeded, and whenever a pod that is not ready is
    looked at again.
    """
    return running and started and result is not ProbeResult.SUCCESS
