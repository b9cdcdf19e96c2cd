"""A spool between a real pipe and nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.host.spool import Spool

pytestmark = pytest.mark.integration


class Bench:
    """A pipe, and a file that agents open one after the other."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "stdout.spool"
        self.read, self.write = os.pipe2(os.O_NONBLOCK)
        self.spools: list[Spool] = []

    def agent(self, done: int) -> Spool:
        spool = Spool(os.open(self.path, os.O_RDWR | os.O_CREAT), done)
        self.spools.append(spool)
        return spool

    def blocks(self) -> int:
        return self.path.stat().st_blocks


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for spool in bench.spools:
        spool.close()
    os.close(bench.read)
    if bench.write >= 0:
        os.close(bench.write)


def test_what_was_moved_is_handed_out_and_in_the_file(bench: Bench) -> None:
    spool = bench.agent(0)
    os.write(bench.write, b"one\ntw")
    assert spool.move(bench.read) == b"one\ntw"
    os.write(bench.write, b"o\n")
    assert spool.move(bench.read) == b"o\n"

    assert bench.path.read_bytes() == b"one\ntwo\n"
    assert spool.taken == 8


def test_nothing_there_and_nobody_left_are_different_things(bench: Bench) -> None:
    spool = bench.agent(0)
    with pytest.raises(BlockingIOError):
        spool.move(bench.read)
    os.close(bench.write)
    bench.write = -1

    assert spool.move(bench.read) == b""


def test_the_next_agent_gets_what_was_not_done_before_anything_new(bench: Bench) -> None:
    first = bench.agent(0)
    os.write(bench.write, b"logged\nnot yet\n")
    first.move(bench.read)
    os.write(bench.write, b"new\n")

    second = bench.agent(7)
    assert second.leftover() == b"not yet\n"
    assert second.leftover() == b""
    assert second.move(bench.read) == b"new\n"
    assert bench.path.read_bytes() == b"logged\nnot yet\nnew\n"


def test_a_spool_that_is_done_starts_from_zero_once_it_is_worth_it(bench: Bench) -> None:
    spool = bench.agent(0)
    os.write(bench.write, b"x" * 100)
    spool.move(bench.read)
    spool.done = 100
    assert not spool.shrink()

    os.write(bench.write, b"x" * 50_000)
    spool.move(bench.read)
    spool.done = 50_100
    assert spool.shrink()
    assert (spool.done, spool.claimed, spool.taken) == (0, 0, 0)
    assert bench.path.read_bytes() == b""


def test_half_a_line_does_not_keep_what_came_before_it(bench: Bench) -> None:
    spool = bench.agent(0)
    for _ in range(50):
        os.write(bench.write, b"x" * 60_000)
        spool.move(bench.read)
        spool.done = spool.taken - 10
        assert not spool.shrink()

    assert bench.path.stat().st_size == 3_000_000
    assert bench.blocks() * 512 < 100_000


def test_what_a_dead_agent_left_is_not_thrown_away_before_it_was_handed_out(bench: Bench) -> None:
    first = bench.agent(0)
    for _ in range(3):
        os.write(bench.write, b"x" * 60_000)
        first.move(bench.read)

    second = bench.agent(0)
    second.leftover()
    second.done = second.taken
    assert not second.shrink()
    rest = second.leftover() + second.leftover()
    assert len(rest) == 180_000 - 65_536
