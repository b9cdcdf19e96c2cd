"""When does the log thread rest? Turns of made-up work on a clock that only the test moves."""

from __future__ import annotations

import pytest

from agent.host.log_pace import REST, Pace


class Work:
    """A log thread; `turn` takes no time, and what it is told to rest has passed afterwards."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pace = Pace(lambda: self.now)
        self.turns = 0
        self.rests = 0

    def turn(self, visits: int) -> None:
        self.turns += 1
        rest = self.pace.rest(visits)
        self.rests += rest > 0
        self.now += rest

    def serve(self, lines: int, *, every: float) -> None:
        """Lines come at an even rate; each turn takes all that have come meanwhile."""
        begun, taken = self.now, 0
        while taken < lines:
            due = min(int((self.now - begun) / every + 1e-6) + 1, lines)
            if due == taken:
                self.now = begun + taken * every
                continue
            self.turn(due - taken)
            taken = due


@pytest.mark.parametrize("every", [0.002, 0.02, 0.2, 60.0])
def test_lines_now_and_then_are_taken_at_once(every: float) -> None:
    work = Work()

    work.serve(2000, every=every)

    assert (work.rests, work.turns) == (0, 2000)


def test_what_a_container_writes_at_its_start_is_taken_at_once() -> None:
    work = Work()
    for _ in range(10):
        for _ in range(80):
            work.turn(1)
        work.now += 1.0

    assert work.rests == 0


def test_many_lines_share_turns() -> None:
    work = Work()

    work.serve(10_000, every=0.0001)  # a second of 10,000 lines

    assert work.turns < 100 + 1.5 / REST


def test_a_line_after_much_work_is_taken_at_once() -> None:
    work = Work()
    work.serve(10_000, every=0.0001)
    work.now += 0.2
    before = work.rests

    work.turn(1)

    assert work.rests == before


def test_nobody_waits_longer_than_it_is_told() -> None:
    assert REST <= 0.025


def test_a_stream_that_gives_much_ends_all_resting_for_a_while() -> None:
    work = Work()
    work.serve(1000, every=0.0001)
    work.pace.rush()
    begun, before = work.now, work.rests
    while work.rests == before:
        work.now += 0.001
        work.turn(10)

    assert work.now - begun > 1.0
