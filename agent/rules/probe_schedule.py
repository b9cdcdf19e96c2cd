"""When is a probe due? At the ticks of a clock that started with its worker.

Go's ticker (time.Ticker) as the kubelet uses it: the ticks keep their grid, one that comes while
a probe is running is kept, further ones are dropped. All times are seconds on one monotonic clock.
"""

from __future__ import annotations

import math

#: Seconds between the moments at which probes are due, whatever pod they belong to.
GRID = 0.005
_ROUNDING = 1e-6  # of a step of the grid: more than what floats of a year's seconds lose


def on_grid(moment: float) -> float:
    """The first moment of the grid that is not before `moment`: where a ticker may begin.

    Periods are whole seconds, so a ticker that begins on the grid stays on it, and the probes of
    all pods share the wake-ups of the loop, which cost more than a probe does.
    """
    return math.ceil(moment / GRID - _ROUNDING) * GRID


def start_delay(
    period: int, fraction: float, *, agent_age: float, was_already_there: bool
) -> float:
    """How long a new worker waits before its first run.

    Only a pod that was there before the agent waits, and only in the agent's first period: a
    `fraction` (0 to 1, random) of the period keeps the probes of all pods from coming at once.
    """
    return period * fraction if was_already_there and agent_age < period else 0.0


def next_tick(tick: float, period: int, now: float) -> float:
    """The tick after `tick`, which is taken up `now`: on the same grid, and later than now.

    Ask when a run begins. If the answer is past when the run ends, the next one begins at once.
    """
    following = tick + period
    if following > now:
        return following
    return tick + period * ((now - tick) // period + 1)


def tick_after_manual_run(period: int, begun: float) -> float:
    """A run out of turn starts the ticker anew, from `begun` on."""
    return begun + period
