"""The helper recognises a command by its bytes, and takes nothing over from the run before."""

from __future__ import annotations

import os

from agent.host import requests, wire
from agent.host.known import Known
from agent.host.process import Command, Identity


def _fields(program: str, user: Identity | None = None) -> bytes:
    command = Command(argv=(program,), env={"A": "b"}, user=user)
    return wire.dumps(requests.fields(command, 0, die=True))


def test_what_was_asked_for_before_is_recognised_with_another_mark() -> None:
    known = Known()

    first = known.again(_fields("a"), 7)
    assert (first.argv, first.env, first.mark) == (("a",), {"A": "b"}, 7)

    again = known.again(_fields("a"), 8)
    assert again is first
    assert again.mark == 8


def test_another_command_is_another() -> None:
    known = Known()

    assert known.again(_fields("a"), 7).argv == ("a",)
    assert known.again(_fields("b"), 7).argv == ("b",)


def test_there_is_an_end_to_what_is_kept() -> None:
    known = Known()
    first = known.again(_fields("0"), 1)

    for number in range(1, 300):
        known.again(_fields(str(number)), 1)

    assert known.again(_fields("299"), 2) is known.again(_fields("299"), 3)
    assert known.again(_fields("0"), 2) is not first


def test_whom_it_runs_as_needs_no_preparation_if_that_is_who_we_are() -> None:
    ourselves = Identity(uid=os.getuid(), gid=os.getgid(), groups=tuple(os.getgroups()))
    another = Identity(uid=os.getuid() + 1, gid=os.getgid())

    assert Known().again(_fields("a", ourselves), 1).user is None
    assert Known().again(_fields("a", another), 1).user == (another.uid, another.gid, ())
