"""What did a look at the processes see, and who may use it besides the one that asked?

A look costs more the more there is to see, and what ends together asks together: if each end looked
for itself, a thousand of them would cost a thousand times a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Set

from agent.host import descendants, marks


class Watched:
    """Children whose ends their owners look after, by run: as many as there are containers.

    So a look need not go through them one by one.
    """

    __slots__ = ("_marks", "_runs")

    def __init__(self) -> None:
        self._marks: dict[int, int] = {}
        self._runs: dict[int, set[int]] = {}

    def add(self, pid: int, mark: int) -> None:
        """Somebody looks after this child; its mark is 0 if it belongs to no run."""
        self.discard(pid)
        self._marks[pid] = mark
        self._runs.setdefault(marks.run_of(mark), set()).add(pid)

    def discard(self, pid: int) -> None:
        """The child has been reaped."""
        mark = self._marks.pop(pid, None)
        if mark is not None:
            run = marks.run_of(mark)
            self._runs[run].discard(pid)
            if not self._runs[run]:
                del self._runs[run]

    def __contains__(self, pid: int) -> bool:
        return pid in self._marks

    def mark(self, pid: int) -> int:
        """What it bears; 0 as well if nobody looks after it."""
        return self._marks.get(pid, 0)

    def run(self, mark: int) -> Collection[int]:
        """The pids of one run."""
        return self._runs.get(marks.run_of(mark), ())

    def without(self, pids: Set[int]) -> Set[int]:
        """Those that nobody looks after."""
        return pids - self._marks.keys()


class Sight:
    """Processes by run, ended ones included, with their marks.

    Of the `watched` it saw those who are among `found`; the others are added one by one.
    """

    __slots__ = ("_found", "_runs", "_watched", "strays")

    def __init__(self, watched: Watched | None = None, found: Set[int] = frozenset()) -> None:
        self._watched = watched or Watched()
        self._found = found
        self._runs: dict[int, list[tuple[int, int]]] = {}
        #: Children that bear no mark of this agent, by session.
        self.strays: dict[int, list[int]] = {}

    def add(self, pid: int, mark: int) -> None:
        """A process with its mark was seen."""
        self._runs.setdefault(marks.run_of(mark), []).append((pid, mark))

    def stray(self, pid: int, session: int) -> None:
        """A child without a mark was seen."""
        self.strays.setdefault(session, []).append(pid)

    def run(self, mark: int) -> Iterator[tuple[int, int]]:
        """The pids and marks of one run."""
        for pid in self._watched.run(mark):
            if pid in self._found:
                yield pid, self._watched.mark(pid)
        yield from self._runs.get(marks.run_of(mark), ())

    def everybody(self) -> Iterator[tuple[int, int]]:
        """The pids and marks of all runs."""
        for pid in self._found:
            if mark := self._watched.mark(pid):
                yield pid, mark
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
