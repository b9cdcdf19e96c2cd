"""What do others learn of one execution of a probe? (kubelet: pkg/kubelet/prober/prober.go)"""

from __future__ import annotations

import msgspec

from agent.model.event import EventType, Reason
from agent.model.runtime import Outcome, ProbeKind
from agent.rules.events import Announcement


class ProbeMetric(msgspec.Struct, frozen=True):
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
