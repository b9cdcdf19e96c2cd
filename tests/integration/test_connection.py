"""Connections send everything, and tell how they end."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from agent.action.dial import Endpoint
from agent.action.http.connection import Connection
from agent.action.resolve import Address
from tests.support import servers
from tests.support.engines import RealEngines, real_engines

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]


class Owner:
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.data = b""
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def received(self, data: bytes) -> None:
        self.data += data

    def ended(self) -> None:
        self.over.set_result("ended")

    def unreachable(self, text: str) -> None:
        self.over.set_result(text)

    def exhausted(self, text: str) -> None:
        self.over.set_result(text)

    def broken(self, text: str) -> None:
        self.over.set_result(text)


def connect(engines: RealEngines, port: int, data: bytes) -> tuple[Connection, Owner]:
    owner = Owner()
    endpoint = Endpoint(Address(socket.AF_INET, "127.0.0.1"), port)
    connection = Connection(engines.reactor, owner, endpoint)
    connection.open(data)
    return connection, owner


async def test_more_than_a_socket_takes_at_once_is_sent() -> None:
    wanted = bytes(range(256)) * 40_000
    got = bytearray()

    def read_all(sock: socket.socket, over: threading.Event) -> None:
        while len(got) < len(wanted):
            got.extend(sock.recv(1 << 20))
        sock.sendall(b"thanks")
        sock.shutdown(socket.SHUT_WR)

    with servers.serving(read_all) as port, real_engines() as engines:
        connection, owner = connect(engines, port, wanted[:-3])
        connection.send(wanted[-3:])
        assert await owner.over == "ended"

    assert (bytes(got), owner.data) == (wanted, b"thanks")


async def test_a_refused_connection_is_told_at_once() -> None:
    with servers.closed_port() as port, real_engines() as engines:
        _, owner = connect(engines, port, b"x")

        assert await owner.over == f"dial tcp 127.0.0.1:{port}: connect: connection refused"


async def test_what_was_said_before_a_reset_is_heard() -> None:
    def speak_and_reset(sock: socket.socket, over: threading.Event) -> None:
        sock.recv(4096)
        sock.sendall(b"last words")
        servers.reset(sock, over)

    with servers.serving(speak_and_reset) as port, real_engines() as engines:
        _, owner = connect(engines, port, b"x")

        assert (await owner.over).endswith(f"->127.0.0.1:{port}: read: connection reset by peer")

    assert owner.data == b"last words"


async def test_closing_twice_is_closing() -> None:
    with servers.accepting_and_hanging() as port, real_engines() as engines:
        connection, owner = connect(engines, port, b"x")

        connection.close()
        connection.close()

        assert connection.is_closed
        assert not owner.over.done()
