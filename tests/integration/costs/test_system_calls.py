"""How many system calls does a probe make in the agent? Most of what it costs is in the kernel.

The difference between a short and a long run is divided by the difference of their probes, so
that start and end do not count. One probe at a time: that needs the most calls.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext

import pytest

from bench.support.servers import server
from tests.support.strace import calls_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

_FEW, _MANY = 50, 250
#: Once in a while an answer comes in two parts.
_SLACK = 0.5

_TURNS = 1  # epoll_wait
_SOCKET = 3  # socket, connect, close
_WATCHED = 2  # epoll_ctl: register, unregister
_ASKED = 2  # send at once after connect, recv
_CONNECTED = 1  # the second connect, which tells that the first one has succeeded


@pytest.mark.parametrize(
    ("kind", "bound"),
    [
        ("http", _TURNS + _SOCKET + _WATCHED + _ASKED),
        ("tcp", _TURNS + _SOCKET + _CONNECTED),  # over before the loop turns
        ("grpc", _TURNS + _SOCKET + _WATCHED + _ASKED + _CONNECTED),
        ("exec", _TURNS + 2),  # sendmsg and recvmsg: the helper does the rest
    ],
)
def test_a_probe_makes_no_more_calls_than_it_needs(kind: str, bound: int) -> None:
    with _probed(kind) as ports:
        few, many = (calls_of(_load(kind, probes, ports)) for probes in (_FEW, _MANY))

    many.subtract(few)
    each = {name: calls / (_MANY - _FEW) for name, calls in many.items() if calls}

    assert sum(each.values()) <= bound + _SLACK, each


def _load(kind: str, probes: int, ports: list[int]) -> list[str]:
    numbers = ",".join(map(str, ports))
    return [sys.executable, "-m", "bench.support.engine", kind, str(probes), numbers]


def _probed(kind: str) -> AbstractContextManager[list[int]]:
    return nullcontext([0]) if kind == "exec" else server(kind)
