"""What did a look at the processes see, and who may use it besides the one that asked?

A look costs more the more there is to see, and what ends together asks together: if each end looked
for itself, a thousand of them would cost a thousand times a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from agent.host import descendants, marks


class Sight:
    """Processes by run, ended ones included, with their marks."""

    __slots__ = ("_runs", "strays")

    def __init__(self) -> None:
        self._runs: dict[int, list[tuple[int, int]]] = {}
        #: Children that bear no mark of this agent, by session.
        self.strays: dict[int, list[int]] = {}

    def add(self, pid: int, mark: int) -> None:
        """A process with its mark was seen."""
        self._runs.setdefault(marks.run_of(mark), []).append((pid, mark))

    def stray(self, pid: int, session: int) -> None:
        """A child without a mark was seen."""
        self.strays.setdefault(session, []).append(pid)

    def run(self, mark: int) -> Sequence[tuple[int, int]]:
        """The pids and marks of one run."""
        return self._runs.get(marks.run_of(mark), ())

    def everybody(self) -> Iterator[tuple[int, int]]:
        """The pids and marks of all runs."""
        for seen in self._runs.values():
            yield from seen


class Shared:
    """Looks are numbered, so that whoever waits can tell whether one began after a moment."""

    __slots__ = ("_look", "_seen", "_sight", "now")

    def __init__(self, look: Callable[[], Sight]) -> None:
        self._look = look
        self._sight = Sight()
        self._seen = 0
        #: The moment: how many looks have begun so far.
        self.now = 0

    @property
    def last(self) -> Sight:
        """What the newest look saw; nobody, if there was none."""
        return self._sight

    def has(self, since: int) -> bool:
        """Whether a look that began after the moment `since` can be shared."""
        return self._seen > since

    def after(self, since: int) -> Sight:
        """What such a look saw; made now, if there is none.

        It saw nobody, and `has` stays false, when one cannot look.
        """
        if self.has(since):
            return self._sight
        self.now += 1
        sight = self._look()
        if descendants.can_look():  # a blind one saw nobody and is nothing to share
            self._sight, self._seen = sight, self.now
        return sight
