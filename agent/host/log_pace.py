"""When may the log thread let output gather, instead of waking up for every line?

A wake-up costs more than the line that it is for. While there are few, nobody notices, and each
line is taken at once. When many containers write now and then, which together is a lot, the thread
rests after each turn, and takes in one turn what has come meanwhile.

A rest must not slow anybody down: a stream that gave so much in one visit that its pipe may fill up
during the next rest ends all resting for a while.
"""

from __future__ import annotations

from collections.abc import Callable

#: Seconds; a line waits no longer than that and a turn, so its stamp is as late at most.
REST = 0.025
_FREE = 1000.0  # visits a second that are taken at once whatever comes: a hundredth of a core
_BURST = 100.0  # visits on top of that: what a container writes when it starts
_HOLD = 2.0  # seconds without a rest after one in which a pipe could have been filled


class Pace:
    """Counts visits to streams; `clock` gives monotonic seconds."""

    __slots__ = ("_awake_until", "_clock", "_load", "_turned")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._load = 0.0  # visits beyond those that are free
        self._turned = clock()
        self._awake_until = 0.0

    def rush(self) -> None:
        """A stream gave much: do not rest for a while."""
        self._awake_until = self._clock() + _HOLD

    def rest(self, visits: int) -> float:
        """How many seconds to rest after a turn that ends now and made so many visits?"""
        now = self._clock()
        load = max(self._load - (now - self._turned) * _FREE, 0.0) + visits
        self._load = min(load, 2 * _BURST)  # so that it is soon forgotten
        self._turned = now
        if load <= _BURST or now < self._awake_until:
            return 0.0
        return REST
