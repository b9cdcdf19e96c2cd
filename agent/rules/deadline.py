"""Has the pod been active for too long?"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from agent.model.pod import Pod

REASON = "DeadlineExceeded"
MESSAGE = "Pod was active on the node longer than the specified deadline"


class Eviction(msgspec.Struct, frozen=True):
    """A pod is failed by the agent itself; both texts go to its status and into an event."""

    reason: str
    message: str


def deadline(pod: Pod, start_time: datetime | None) -> datetime | None:
    """Return the moment at which the pod fails by `activeDeadlineSeconds`; None: never."""
    seconds = pod.spec.active_deadline_seconds
    if seconds is None or start_time is None:
        return None
    return start_time + timedelta(seconds=seconds)


def active_deadline(pod: Pod, start_time: datetime | None, now: datetime) -> Eviction | None:
    """Return the eviction that is due (activeDeadlineHandler, kubelet/active_deadline.go)."""
    due = deadline(pod, start_time)
    if due is None or now < due:
        return None
    return Eviction(REASON, MESSAGE)
