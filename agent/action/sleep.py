"""Wait: the sleep handler of lifecycle hooks (kubelet: lifecycle.runSleepHandler)."""

from __future__ import annotations

from agent.action.handler import FINISHED, Done, Running
from agent.action.result import ActionResult, Outcome
from agent.action.watches import Schedules


class Sleep:
    """Succeeds after so many seconds; fails when its deadline comes first."""

    __slots__ = ("_scheduler", "_seconds")

    def __init__(self, seconds: int, scheduler: Schedules) -> None:
        self._seconds = seconds
        self._scheduler = scheduler

    def start(self, timeout: float | None, done: Done) -> Running:
        """Begin to wait; zero seconds are over at once."""
        if self._seconds <= 0:
            done(ActionResult(Outcome.SUCCESS))
            return FINISHED
        return _Waiting(self._seconds, self._scheduler, done)


class _Waiting:
    __slots__ = ("_done", "_timer")

    def __init__(self, seconds: int, scheduler: Schedules, done: Done) -> None:
        self._done: Done | None = done
        self._timer = scheduler.call_later(seconds, self._over)

    def expire(self) -> None:
        text = "container terminated before sleep hook finished"
        self._finish(ActionResult(Outcome.FAILURE, text))

    def cancel(self) -> None:
        self._timer.cancel()
        self._done = None

    def _over(self) -> None:
        self._finish(ActionResult(Outcome.SUCCESS))

    def _finish(self, result: ActionResult) -> None:
        done = self._done
        self.cancel()
        if done is not None:
            done(result)
