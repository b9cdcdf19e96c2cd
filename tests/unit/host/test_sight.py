"""A look is shared by those who asked before it began, and by nobody else."""

from __future__ import annotations

import pytest

from agent.host import descendants, marks
from agent.host.sight import Shared, Sight, Watched

AGENT = marks.new_agent_mark()
RUN, OTHER = marks.run_mark(AGENT, 1), marks.run_mark(AGENT, 2)


class Looking:
    """Looks that see one process each, whose pid is the number of the look."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> Sight:
        self.looks += 1
        sight = Sight()
        sight.add(self.looks, RUN)
        return sight


def test_processes_are_found_by_their_run_whatever_started_them() -> None:
    sight = Sight()
    sight.add(1, marks.start_mark(RUN, 0))
    sight.add(2, marks.start_mark(OTHER, 0))
    sight.add(3, marks.start_mark(RUN, 5))

    assert [pid for pid, _ in sight.run(marks.start_mark(RUN, 9))] == [1, 3]
    assert {pid for pid, _ in sight.everybody()} == {1, 2, 3}
    assert not list(sight.run(marks.run_mark(AGENT, 3)))


def test_of_those_that_somebody_looks_after_a_look_shows_whom_it_saw() -> None:
    watched = Watched()
    watched.add(1, marks.start_mark(RUN, 0))
    watched.add(2, marks.start_mark(OTHER, 0))
    watched.add(9, 0)
    sight = Sight(watched, frozenset((1, 2, 9, 77)))
    sight.add(3, marks.start_mark(RUN, 5))
    watched.add(4, marks.start_mark(RUN, 0))  # born after the look

    assert [pid for pid, _ in sight.run(RUN)] == [1, 3]
    assert {pid for pid, _ in sight.everybody()} == {1, 2, 3}

    watched.discard(1)  # reaped: it is nobody any more

    assert [pid for pid, _ in sight.run(RUN)] == [3]
    assert {pid for pid, _ in sight.everybody()} == {2, 3}


def test_children_are_looked_after_under_the_mark_that_was_told_last() -> None:
    watched = Watched()
    watched.add(1, RUN)
    watched.add(1, OTHER)
    watched.add(2, 0)

    assert (watched.mark(1), watched.mark(2), watched.mark(3)) == (OTHER, 0, 0)
    assert (1 in watched, 3 in watched) == (True, False)
    assert [set(watched.run(run)) for run in (RUN, OTHER, 0)] == [set(), {1}, {2}]
    assert watched.without({1, 2, 3}) == {3}

    watched.discard(1)
    watched.discard(1)

    assert watched.without({1, 2, 3}) == {1, 3}
    assert not watched.run(OTHER)


def test_children_without_a_mark_are_kept_by_session() -> None:
    sight = Sight()
    sight.stray(4, 100)
    sight.stray(5, 100)

    assert sight.strays == {100: [4, 5]}


def test_all_that_asked_before_a_look_began_share_it() -> None:
    look = Looking()
    shared = Shared(look)
    moments = [shared.now for _ in range(3)]

    sights = [shared.after(moment) for moment in moments]

    assert look.looks == 1
    assert sights[0] is sights[1] is sights[2] is shared.last


def test_who_asks_after_a_look_has_begun_gets_one_of_his_own() -> None:
    look = Looking()
    shared = Shared(look)
    early = shared.now
    shared.after(early)
    late = shared.now

    assert shared.has(early)
    assert not shared.has(late)
    assert [pid for pid, _ in shared.after(late).run(RUN)] == [2]
    assert [pid for pid, _ in shared.after(early).run(RUN)] == [2]
    assert look.looks == 2


def test_what_nobody_could_see_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    look = Looking()
    shared = Shared(look)
    moment = shared.now
    monkeypatch.setattr(descendants, "can_look", lambda: False)
    shared.after(moment)

    assert not shared.has(moment)
    assert not list(shared.last.everybody())
