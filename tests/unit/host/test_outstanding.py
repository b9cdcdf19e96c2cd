"""Whoever asked the helper for something is told once, whatever becomes of the helper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from agent.host.outstanding import Outstanding
from agent.host.process import Captured, Command
from agent.host.requests import Birth, Running

pytestmark = pytest.mark.asyncio

_COMMAND = Command(argv=("/bin/probe",), env={})


class _Reaper:
    """Notes which births it was told to expect."""

    def __init__(self) -> None:
        self.expected: list[int] = []

    def expect(self, mark: int) -> None:
        self.expected.append(mark)

    def expect_no_more(self, mark: int) -> None:
        self.expected.remove(mark)


class _Deadlines:
    """Notes who has left it."""

    def __init__(self) -> None:
        self.left: list[Running] = []

    def discard(self, member: Running) -> None:
        self.left.append(member)


@pytest.fixture
def reaper() -> Iterator[_Reaper]:
    made = _Reaper()
    yield made
    assert made.expected == []


@pytest.fixture
def outstanding(reaper: _Reaper) -> Outstanding:
    return Outstanding(cast(Any, reaper))


def _running(outstanding: Outstanding, answers: list[Captured]) -> Running:
    id_ = outstanding.next_id()
    running = Running(cast(Any, None), id_, _COMMAND, 70 + id_, answers.append, 0.0)
    running.watchdog = cast(Any, _Deadlines())
    outstanding.add(running)
    return running


async def test_a_command_is_answered_once_and_its_watchdog_ends(outstanding: Outstanding) -> None:
    answers: list[Captured] = []
    running = _running(outstanding, answers)

    outstanding.answer(running.id, Captured(0))
    outstanding.answer(running.id, Captured(1))

    assert answers == [Captured(0)]
    assert cast(Any, running.watchdog).left == [running]
    assert not outstanding


async def test_a_forgotten_command_is_never_answered(outstanding: Outstanding) -> None:
    answers: list[Captured] = []
    running = _running(outstanding, answers)

    assert outstanding.forget(running.id) is running
    outstanding.answer(running.id, Captured(0))

    assert answers == []
    assert outstanding.forget(running.id) is None


async def test_without_its_helper_everybody_is_told_and_the_commands_are_suspects(
    outstanding: Outstanding,
) -> None:
    answers: list[Captured] = []
    _running(outstanding, answers)
    birth = Birth(_COMMAND, cast(Any, None), 9)
    outstanding.expect(outstanding.next_id(), birth)
    assert outstanding.marks() == {71, 9}
    assert not outstanding.is_suspect("/bin/probe")

    outstanding.fail_all()

    assert [str(answer.error) for answer in answers] == [str(birth.result.exception())]
    assert "the spawner process died" in str(birth.result.exception())
    assert outstanding.is_suspect("/bin/probe")
    assert not outstanding


async def test_a_birth_is_expected_until_its_process_is_watched(
    outstanding: Outstanding, reaper: _Reaper
) -> None:
    id_ = outstanding.next_id()
    outstanding.expect(id_, Birth(_COMMAND, cast(Any, None), 9))

    birth = outstanding.born(id_)

    assert reaper.expected == [9]
    outstanding.settled(birth)
    assert not outstanding
