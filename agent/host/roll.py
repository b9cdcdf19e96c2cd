"""Who is in which run, for those who measure: one look at the machine for all runs together.

What must not miss anybody (a kill) looks for itself and anew; see `census`.
"""

from __future__ import annotations

from agent.host import marks
from agent.host.clock import Clock

#: Seconds for which a look is good enough.
GOOD_FOR = 1.0


class Roll:
    """The processes of one agent's runs by their marks, as of a second ago at most."""

    __slots__ = ("_agent_mark", "_clock", "_looked_at", "_runs")

    def __init__(self, agent_mark: int, clock: Clock) -> None:
        self._agent_mark = agent_mark
        self._clock = clock
        self._looked_at = float("-inf")
        self._runs: dict[int, set[int]] = {}

    def members(self, mark: int) -> frozenset[int]:
        """The processes that bear the mark of this run, commands of hooks and probes included."""
        now = self._clock.monotonic()
        if now - self._looked_at > GOOD_FOR:
            self._looked_at = now
            self._runs = {}
            for pid, found in marks.bearers(self._is_ours):
                self._runs.setdefault(marks.run_of(found), set()).add(pid)
        return frozenset(self._runs.get(marks.run_of(mark), ()))

    def _is_ours(self, mark: int) -> bool:
        return marks.same_agent(mark, self._agent_mark)
