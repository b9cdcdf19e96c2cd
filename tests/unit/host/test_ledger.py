"""A ledger says the old thing or the new one, whoever is killed while writing it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host import ledger as ledgers
from agent.host.ledger import Entry, Ledger
from agent.host.log_files import Mark
from tests.support.memory import in_memory

numbers = st.integers(0, 2**64 - 1)
FILE = (7, 8)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a ledger is mapped after its first record."""
    monkeypatch.setattr(ledgers, "QUIET", 1)
    with in_memory() as folder:
        yield folder


def opened(folder: Path) -> Ledger:
    return Ledger(os.open(folder / "ledger", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC))


def found(folder: Path) -> Entry:
    """What the next agent reads."""
    ledger = opened(folder)
    ledger.close()
    return ledger.entry


@given(mark=st.builds(Mark, numbers, numbers, numbers), stdout=numbers, stderr=numbers)
def test_a_ledger_is_read_as_it_was_written(mark: Mark, stdout: int, stderr: int) -> None:
    entry = Entry(mark, stdout, stderr)

    assert Entry.decode(entry.encode()) == entry


@pytest.mark.parametrize("data", [b"", b"short"])
def test_a_ledger_that_was_never_written_says_that_nothing_was_logged(data: bytes) -> None:
    assert Entry.decode(data) == Entry(Mark(0, 0, 0), 0, 0)


def test_each_record_is_what_the_next_agent_reads(memory: Path, tmp_path: Path) -> None:
    for folder in (memory, tmp_path):
        for agent in range(3):
            ledger = opened(folder)
            for number in range(5):
                ledger.write(FILE, number, agent, 2**63 + number)
                assert found(folder) == Entry(Mark(*FILE, number), agent, 2**63 + number)
            ledger.close()


def test_in_memory_a_record_makes_no_system_call(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = opened(memory)
    ledger.write(FILE, 1, 0, 0)
    monkeypatch.setattr(os, "pwrite", None)
    ledger.write(FILE, 2, 0, 0)
    ledger.close()

    assert found(memory).mark.size == 2


def test_the_ledger_of_a_quiet_container_is_not_mapped(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "QUIET", 3)
    mapped: list[int] = []
    monkeypatch.setattr("mmap.mmap", lambda fd, _size: mapped.append(fd))
    ledger = opened(memory)
    for number in range(2):
        ledger.write(FILE, number, 0, 0)
    assert not mapped

    ledger.write(FILE, 2, 0, 0)

    assert mapped


def test_killed_within_a_record_the_last_one_stands(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes of the new one are there, all or some of them; the byte that says so is not."""
    ledger = opened(memory)
    for number in range(4):
        ledger.write(FILE, number, number, number)
        for size in range(ledgers._ENTRY.size + 1):
            with monkeypatch.context() as patch:
                patch.setattr(ledgers, "_ENTRY", Killer(size))
                with pytest.raises(Death):
                    ledger.write(FILE, 2**40, 2**40, 2**40)
            assert found(memory) == Entry(Mark(*FILE, number), number, number)
    ledger.close()


class Death(Exception):
    """Here it ended."""


class Killer:
    """Packs so many bytes of a record, and no more."""

    size = ledgers._ENTRY.size

    def __init__(self, bytes_: int) -> None:
        self._bytes = bytes_

    def pack_into(self, buffer: bytearray, offset: int, *_: int) -> None:
        buffer[offset : offset + self._bytes] = b"\xff" * self._bytes
        raise Death


def test_without_room_for_a_mapping_records_are_written(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> None:
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr("mmap.mmap", none_left)
    ledger = opened(memory)
    for number in range(3):
        ledger.write(FILE, number, 1, 2)
        assert found(memory) == Entry(Mark(*FILE, number), 1, 2)
    ledger.close()
