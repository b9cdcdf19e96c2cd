"""Does the event loop get on, and how late does it come to what is due?"""

from __future__ import annotations

from agent.host.scheduler import Scheduler, Timer
from agent.pod.metrics import Histogram

#: Seconds between two beats.
PERIOD = 1.0


class Heartbeat:
    """Beats on the scheduler, which drives everything else; `lag` is how late each beat came."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.lag = Histogram()
        self._scheduler = scheduler
        self._last = scheduler.time()
        self._timer: Timer | None = None
        self._expect(self._last)

    @property
    def silence(self) -> float:
        """Seconds since the last beat."""
        return self._scheduler.time() - self._last

    def stop(self) -> None:
        """No more beats."""
        if self._timer is not None:
            self._timer.cancel()

    def _expect(self, now: float) -> None:
        due = now + PERIOD
        self._timer = self._scheduler.call_at(due, lambda: self._beat(due))

    def _beat(self, due: float) -> None:
        self._last = self._scheduler.time()
        self.lag.observe(self._last - due)
        self._expect(self._last)
