"""When does a probe's ticker begin, so that the probes of a node do not all come at once?

Pods that are admitted together, a directory of manifests for example, would have all their probes
due together, in every period and for ever. A kubelet's goroutines spread by themselves; ours take
turns.
"""

from __future__ import annotations

from agent.rules.probe_schedule import GRID, on_grid

#: So many probes share a wake-up of the loop. Together they take it for a millisecond.
TOGETHER = 8


class Rota:
    """Gives each ticker of a node a moment of the grid at which not too many others begin."""

    __slots__ = ("_moment", "_taken")

    def __init__(self) -> None:
        self._moment = 0.0
        self._taken = 0

    def begin(self, now: float, period: int) -> float:
        """The moment, in seconds, from which one more ticker counts.

        It is `now` as far as the grid allows, or later if many tickers began in the last
        milliseconds: so much later as they need, but always less than a period.
        """
        first = on_grid(now)
        if first > self._moment:
            self._moment, self._taken = first, 0
        elif self._taken == TOGETHER:
            self._moment, self._taken = on_grid(self._moment + GRID), 0
        self._taken += 1
        return first + (self._moment - first) % period
