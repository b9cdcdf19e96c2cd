"""How long does what failed or ended wait before its next start?"""

from __future__ import annotations

import msgspec

INITIAL_DELAY = 10.0
MAXIMUM_DELAY = 300.0
#: A run at least this long after the last start is forgiven (kubelet: HasExpiredFunc).
FORGIVE_AFTER = 600.0
#: The kubelet sweeps stale entries this often; so long a stale one may still count.
SWEEP_INTERVAL = 2.0


_VOLUME_INITIAL_DELAY = 0.5
_VOLUME_MAXIMUM_DELAY = 122.0
_VOLUME_DOUBLINGS = 8


class BackOffEntry(msgspec.Struct, frozen=True):
    """What is remembered of a container: the current delay, and when it was last started."""

    delay: float
    last_update: float


class BackOffDecision(msgspec.Struct, frozen=True):
    """Start now, or ask again at `retry_at`.

    `delay` is the delay that holds (wait) or that will hold for the next start (start); `entry`
    is what to remember from now on.
    """

    start: bool
    delay: float
    entry: BackOffEntry | None
    retry_at: float | None


def decide(
    entry: BackOffEntry | None,
    finished_at: float | None,
    now: float,
    *,
    initial: float = INITIAL_DELAY,
    maximum: float = MAXIMUM_DELAY,
) -> BackOffDecision:
    """Decide on a start; times are seconds on any one clock.

    `finished_at` is the end of the newest ended run (None: none ended yet, so start, and nothing
    is remembered). A decision to start counts as a start. The caller drops entries for which
    `expired` holds before it asks.
    Kubernetes: doBackOff (kuberuntime_manager.go), flowcontrol.Backoff.
    """
    if finished_at is None:
        return BackOffDecision(start=True, delay=0.0, entry=entry, retry_at=None)
    if entry is None or finished_at - entry.last_update > FORGIVE_AFTER:
        delay = initial
    elif now < finished_at + entry.delay:  # the same sum as in retry_at: it must be over then
        retry_at = _retry_at(entry, finished_at, now)
        return BackOffDecision(start=False, delay=entry.delay, entry=entry, retry_at=retry_at)
    else:
        delay = min(2 * entry.delay, maximum)
    return BackOffDecision(start=True, delay=delay, entry=BackOffEntry(delay, now), retry_at=None)


def expired(entry: BackOffEntry, now: float) -> bool:
    """Return whether an entry is stale and is forgotten (flowcontrol.Backoff.GC)."""
    return now - entry.last_update > FORGIVE_AFTER


def initial_delay(maximum: float, *, base: float = INITIAL_DELAY) -> float:
    """Return the first delay for a configured maximum (kubelet: newCrashLoopBackOff)."""
    return min(base, maximum)


def _retry_at(entry: BackOffEntry, finished_at: float, now: float) -> float:
    """The end of the delay; or the moment at which the entry has been swept, if that is sooner."""
    over = finished_at + entry.delay
    swept = entry.last_update + FORGIVE_AFTER + SWEEP_INTERVAL
    return min(over, swept) if swept > now else over


def volume_delay(failures: int) -> float:
    """Seconds until a volume that failed, and had failed so often before, is tried again.

    (pkg/util/goroutinemap/exponentialbackoff)
    """
    doubled = 1 << min(failures, _VOLUME_DOUBLINGS)
    return min(_VOLUME_INITIAL_DELAY * doubled, _VOLUME_MAXIMUM_DELAY)
