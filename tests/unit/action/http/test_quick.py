"""The short way through a plain probe, and every point at which the long way goes on from it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Sequence
from typing import Any, cast

import pytest

from agent.action import runner
from agent.action.dial import Endpoint
from agent.action.handler import Role, Target
from agent.action.http.client import Network
from agent.action.http.connection import Connection
from agent.action.http_get import HTTPGet
from agent.action.result import ActionResult, Outcome
from agent.host.reactor import READ, WRITE, Reactor
from agent.host.scheduler import Scheduler
from agent.model.handler import HTTPGetAction, HTTPHeader
from tests.support.http_scripts import Names

pytestmark = pytest.mark.asyncio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
WELL = ActionResult(Outcome.SUCCESS, "ok")
Step = bytes | int  # what recv gives, or an errno


class FakeSocket:
    """Answers each call with the next step; a negative errno of `send` is raised, once each."""

    def __init__(self, connect: int, send: Sequence[int], recv: Sequence[Step]) -> None:
        self._connect = connect
        self._send, self._recv = list(send), list(recv)
        self.sent = b""
        self.is_closed = False

    def connect_ex(self, address: object) -> int:
        return self._connect

    def send(self, data: bytes) -> int:
        step = self._send.pop(0) if self._send else len(data)
        if step < 0:
            raise OSError(-step, os.strerror(-step))
        self.sent += data[:step]
        return min(step, len(data))

    def recv(self, size: int) -> bytes:
        step = self._recv.pop(0)
        if isinstance(step, int):
            raise OSError(step, os.strerror(step))
        return step

    def fileno(self) -> int:
        return 7

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 1)

    def getpeername(self) -> tuple[str, int]:
        return ("127.0.0.1", 80)

    def close(self) -> None:
        self.is_closed = True


class FakeReactor:
    """Says that everything is ready, in the next turn of the loop."""

    def __init__(self) -> None:
        self.slots: dict[int, Any] = {}
        self.watched: list[int] = []

    def register(self, fd: int, slot: Any, events: int = READ) -> None:
        assert fd not in self.slots
        self.slots[fd] = slot
        self._ready(fd, events)

    def modify(self, fd: int, events: int) -> None:
        assert fd in self.slots
        self._ready(fd, events)

    def pass_on(self, fd: int, slot: Any) -> None:
        assert fd in self.slots
        self.slots[fd] = slot

    def unregister(self, fd: int) -> None:
        del self.slots[fd]

    def _ready(self, fd: int, events: int) -> None:
        self.watched.append(events)
        loop = asyncio.get_running_loop()

        def turn() -> None:
            if fd in self.slots:
                self.slots[fd].ready(events)
                loop.call_later(1, turn)

        loop.call_soon(turn)


class FakeNetwork(Network):
    """One socket, and the connections that were made of it."""

    def __init__(self, sock: FakeSocket) -> None:
        self.fake = FakeReactor()
        super().__init__(
            reactor=cast(Reactor, self.fake), scheduler=Scheduler(), resolver=Names({})
        )
        self.sock = sock
        self.connections: list[Connection] = []

    def socket(self, endpoint: Endpoint) -> socket.SocketType:
        return cast(socket.SocketType, self.sock)

    def connection(self, listener: Any, endpoint: Endpoint) -> Connection:
        made = super().connection(listener, endpoint)
        self.connections.append(made)
        return made


async def probe(
    connect: int = errno.EINPROGRESS,
    send: Sequence[int] = (),
    recv: Sequence[Step] = (OK,),
    seconds: float = 100,
    headers: tuple[HTTPHeader, ...] = (),
) -> tuple[ActionResult, FakeNetwork]:
    """Execute once; whatever was opened must be closed afterwards."""
    network = FakeNetwork(FakeSocket(connect, send, recv))
    action = HTTPGetAction(port=80, path="/x", http_headers=headers)
    target = Target(address="127.0.0.1", ports=())
    handler = HTTPGet(action, target, Role.PROBE, network=network)
    result = await runner.run(handler, seconds, network.scheduler)
    assert network.sock.is_closed
    assert not network.fake.slots
    return result, network


def failed(text: str) -> ActionResult:
    return ActionResult(Outcome.FAILURE, f'Get "http://127.0.0.1:80/x": {text}')


@pytest.mark.parametrize("connect", [0, errno.EINPROGRESS])
async def test_an_answer_in_one_piece_takes_the_short_way(connect: int) -> None:
    result, network = await probe(connect=connect)

    assert result == WELL
    assert network.sock.sent.startswith(b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:80\r\n")
    assert network.connections == []


@pytest.mark.parametrize(
    ("recv", "expected"),
    [
        pytest.param((errno.EAGAIN, OK), WELL, id="an event for somebody else"),
        pytest.param((OK[:9], OK[9:]), WELL, id="in two pieces"),
        pytest.param((b"",), failed("EOF"), id="hangs up"),
        pytest.param(
            (errno.ECONNRESET,),
            failed("read tcp 127.0.0.1:1->127.0.0.1:80: read: connection reset by peer"),
            id="reset",
        ),
        pytest.param(
            (b"HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n",),
            ActionResult(Outcome.FAILURE, "HTTP probe failed with statuscode: 500"),
            id="an error",
        ),
        pytest.param(
            (b"HTTP/1.0 200 OK\r\n\r\n", b"old", b""),
            ActionResult(Outcome.SUCCESS, "old"),
            id="without a length",
        ),
    ],
)
async def test_what_the_server_says_means_the_same(
    recv: Sequence[Step], expected: ActionResult
) -> None:
    result, _ = await probe(recv=recv)

    assert result == expected


async def test_a_refused_connection_is_told() -> None:
    refused = failed("dial tcp 127.0.0.1:80: connect: connection refused")

    assert (await probe(connect=errno.ECONNREFUSED))[0] == refused
    assert (await probe(send=[-errno.ECONNREFUSED]))[0] == refused


async def test_a_machine_without_local_ports_blames_itself() -> None:
    result, _ = await probe(connect=errno.EADDRNOTAVAIL)
    lacking, _ = await probe(connect=errno.ENOBUFS)

    assert result == failed("dial tcp 127.0.0.1:80: connect: cannot assign requested address")
    assert lacking.outcome is Outcome.ERROR


async def test_a_connection_that_comes_late_is_waited_for() -> None:
    result, network = await probe(send=[-errno.EAGAIN])

    assert result == WELL
    assert network.fake.watched == [WRITE, READ]
    assert network.sock.sent.endswith(b"\r\n\r\n")


async def test_a_request_that_is_taken_in_pieces_is_sent_whole() -> None:
    long = (HTTPHeader(name="X-Long", value="v" * 999),)

    result, network = await probe(send=[5, 100], headers=long)

    assert result == WELL
    assert network.sock.sent.startswith(b"GET /x ")
    assert b"X-Long: " + b"v" * 999 + b"\r\n" in network.sock.sent


async def test_what_was_said_before_hanging_up_counts() -> None:
    result, _ = await probe(send=[-errno.EPIPE])

    assert result == WELL


async def test_who_does_not_answer_fails_in_time() -> None:
    result, network = await probe(recv=[errno.EAGAIN] * 9, seconds=4.5)

    late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    assert result == failed(late)
    assert network.scheduler.time() == 4.5


async def test_a_cancelled_probe_lets_go_of_its_socket() -> None:
    network = FakeNetwork(FakeSocket(0, (), [errno.EAGAIN]))
    handler = HTTPGet(
        HTTPGetAction(port=80), Target(address="127.0.0.1", ports=()), Role.PROBE, network=network
    )
    seen: list[ActionResult] = []

    running = handler.start(1, seen.append)
    running.cancel()
    running.cancel()
    running.expire()

    assert network.sock.is_closed
    assert not network.fake.slots
    assert seen == []
