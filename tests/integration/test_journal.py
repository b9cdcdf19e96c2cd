"""Entries for systemd's journal."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from agent.host.journal import Journal, encode

pytestmark = pytest.mark.integration


def test_fields_are_lines_and_texts_of_several_lines_have_their_length() -> None:
    assert encode({"MESSAGE": "hello", "BAREPOD_POD": "a=b"}) == b"MESSAGE=hello\nBAREPOD_POD=a=b\n"
    assert encode({"MESSAGE": "a\nb"}) == b"MESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n"


def test_a_value_that_would_not_fit_is_cut() -> None:
    assert len(encode({"MESSAGE": "x" * 1_000_000})) < 40_000


def test_an_entry_that_is_lost_is_counted_in_the_next(tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(path)
        reader.settimeout(5)
        journal = Journal(path)
        sent = 0
        while sent < 10_000 and journal.lost < 3:  # nobody reads: the queue fills up
            journal.send({"MESSAGE": str(sent)})
            sent += 1
        assert journal.lost == 3
        received = [reader.recv(100) for _ in range(sent - 3)]
        journal.send({"MESSAGE": "last"})

        assert received[0] == b"MESSAGE=0\n"
        assert reader.recv(100) == b"MESSAGE=last\nBAREPOD_LOST_ENTRIES=3\n"
        assert journal.lost == 0
        journal.close()


def test_without_a_journal_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Journal(str(tmp_path / "nothing"))
