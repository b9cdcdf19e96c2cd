"""What does the next agent make of what a dead one left? Every point of death, in a model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host.ledger import Entry
from agent.host.log_files import Mark, rightful_size
from agent.host.spool import resumed_at


class World:
    """What outlives an agent: two streams, whose input is logged without any form."""

    def __init__(self, inputs: tuple[bytes, bytes], batch: int) -> None:
        self.fifos = [bytearray(data) for data in inputs]
        self.spools = [bytearray(), bytearray()]
        self.logs = {1: bytearray()}  # inode -> content
        self.current = 1
        self.rotated: list[int] = []
        self.ledger = Entry(Mark(0, 0, 0), 0, 0)
        self.batch = batch

    def agent(self, rotate_at: int) -> Iterator[None]:
        """One agent's work; it may be killed at each yield."""
        log = self.logs[self.current]
        del log[rightful_size(self.ledger.mark, Mark(7, self.current, len(log))) :]
        yield
        entries = (self.ledger.stdout, self.ledger.stderr)
        done = [resumed_at(entries[n], len(self.spools[n])) for n in (0, 1)]
        self.record(done)
        while any(self.fifos) or any(done[n] < len(self.spools[n]) for n in (0, 1)):
            for n in (0, 1):
                taken = self.fifos[n][: self.batch]
                self.spools[n] += taken  # with splice: one step
                del self.fifos[n][: self.batch]
                yield
                yield from self.log(n, done, rotate_at)
                if done[n] == len(self.spools[n]):
                    self.spools[n].clear()
                    yield
                    done[n] = 0
                    self.record(done)
                    yield

    def log(self, n: int, done: list[int], rotate_at: int) -> Iterator[None]:
        if len(self.logs[self.current]) >= rotate_at:
            self.rotated.append(self.current)
            self.current += 1
            self.logs[self.current] = bytearray()
            yield
            self.record(done)
        data = self.spools[n][done[n] :]
        for half in (data[: len(data) // 2], data[len(data) // 2 :]):  # a write may be short
            self.logs[self.current] += half
            yield
        done[n] += len(data)
        self.record(done)
        yield

    def record(self, done: list[int]) -> None:
        mark = Mark(7, self.current, len(self.logs[self.current]))
        self.ledger = Entry(mark, *done)

    def logged(self) -> bytes:
        return b"".join(bytes(self.logs[inode]) for inode in (*self.rotated, self.current))


@given(
    out=st.binary(max_size=12).map(lambda data: bytes(byte & 0x7F for byte in data)),
    err=st.binary(max_size=12).map(lambda data: bytes(byte | 0x80 for byte in data)),
    deaths=st.lists(st.integers(0, 60), max_size=6),
    batch=st.integers(1, 5),
    rotate_at=st.integers(1, 30),
)
def test_whenever_agents_die_each_byte_is_logged_once(
    out: bytes, err: bytes, deaths: list[int], batch: int, rotate_at: int
) -> None:
    world = World((out, err), batch)
    for steps in deaths:
        agent = world.agent(rotate_at)
        for _ in range(steps):
            if next(agent, agent) is agent:
                break
    for _ in world.agent(rotate_at):
        pass

    logged = world.logged()
    assert bytes(byte for byte in logged if byte < 0x80) == out
    assert bytes(byte for byte in logged if byte >= 0x80) == err


@pytest.mark.parametrize(
    ("mark", "found", "size"),
    [
        pytest.param(None, Mark(1, 2, 50), 50, id="an attempt without a ledger"),
        pytest.param(Mark(1, 2, 50), Mark(1, 2, 50), 50, id="nothing under way"),
        pytest.param(Mark(1, 2, 50), Mark(1, 2, 90), 50, id="written and not accounted for"),
        pytest.param(Mark(1, 2, 50), Mark(1, 2, 10), 10, id="somebody else cut it"),
        pytest.param(Mark(1, 2, 50), Mark(1, 3, 90), 90, id="another file"),
        pytest.param(Mark(1, 2, 50), Mark(4, 2, 90), 90, id="another file system"),
        pytest.param(Mark(1, 2, 0), Mark(1, 2, 90), 0, id="the first write to a file"),
    ],
)
def test_only_what_was_never_accounted_for_is_cut_off(
    mark: Mark | None, found: Mark, size: int
) -> None:
    assert rightful_size(mark, found) == size


@pytest.mark.parametrize(
    ("done", "size", "at"),
    [
        pytest.param(0, 0, 0, id="nothing was taken"),
        pytest.param(10, 30, 10, id="taken and not logged"),
        pytest.param(30, 30, 30, id="all logged"),
        pytest.param(30, 0, 0, id="emptied, and the ledger does not know yet"),
    ],
)
def test_work_goes_on_where_the_ledger_says(done: int, size: int, at: int) -> None:
    assert resumed_at(done, size) == at
