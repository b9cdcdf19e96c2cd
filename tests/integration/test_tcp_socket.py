"""The tcpSocket handler against real sockets on loopback."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.action import dial
from agent.action.handler import FINISHED
from agent.action.resolve import Answer, LookupFailure, Resolver, literal
from agent.action.result import ActionResult, Outcome
from agent.action.tcp_socket import TcpSocket
from agent.host.ephemeral_ports import EphemeralPorts
from tests.support import servers
from tests.support.engines import RealEngines, failed, real_engines

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

SUCCESS = ActionResult(Outcome.SUCCESS)


@pytest.fixture
def mute() -> Iterator[int]:
    with servers.accepting_and_hanging() as port:
        yield port


def handler(engines: RealEngines, port: int, host: str = "127.0.0.1") -> TcpSocket:
    return TcpSocket(host, port, engines.reactor, engines.resolver)


def naming(*hosts: str) -> Resolver:
    """A resolver for which every name has these addresses."""

    def ask(name: str) -> Answer:
        addresses = tuple(address for host in hosts if (address := literal(host)))
        return addresses or LookupFailure(f"lookup {name}: no such host")

    return Resolver(ask=ask)


class Silent:
    """A resolver whose name server never answers; it is also its own open question."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def known(self, host: str) -> None:
        return None

    def lookup(self, host: str, tell: Callable[[Answer], None]) -> Silent:
        self.asked.append(host)
        return self

    def cancel(self) -> None:
        self.asked.append("cancelled")


async def test_an_open_port_is_success_even_if_the_server_never_speaks(mute: int) -> None:
    with real_engines() as engines:
        assert await engines.outcome(handler(engines, mute)) == SUCCESS


async def test_on_loopback_the_answer_is_there_before_start_returns(mute: int) -> None:
    results: list[ActionResult] = []
    with real_engines() as engines:
        running = handler(engines, mute).start(1.0, results.append)

    assert results == [SUCCESS]
    assert running is FINISHED


async def test_a_closed_port_is_refused() -> None:
    with real_engines() as engines, servers.closed_port() as port:
        assert await engines.outcome(handler(engines, port)) == failed(
            f"dial tcp 127.0.0.1:{port}: connect: connection refused"
        )


async def test_a_port_that_swallows_connections_times_out() -> None:
    with real_engines() as engines, servers.full_backlog() as port:
        assert await engines.outcome(handler(engines, port), seconds=0.2) == failed(
            f"dial tcp 127.0.0.1:{port}: i/o timeout"
        )


async def test_a_connect_that_takes_its_time_succeeds_when_it_is_answered() -> None:
    with real_engines() as engines, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        listener.setblocking(False)
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            results: list[ActionResult] = []
            running = handler(engines, port).start(10.0, results.append)
            assert results == []
            listener.accept()[0].close()  # makes room; the kernel asks again after a second
            async with asyncio.timeout(10):
                while not results:
                    await asyncio.sleep(0.01)
            running.cancel()

    assert results == [SUCCESS]


async def test_a_cancelled_connect_never_reports() -> None:
    results: list[ActionResult] = []
    with real_engines() as engines, servers.full_backlog() as port:
        running = handler(engines, port).start(1.0, results.append)
        running.cancel()
        running.expire()
        running.cancel()

    assert results == []


async def test_an_ipv6_address_has_brackets() -> None:
    with real_engines() as engines:
        with servers.serving(servers.hang, host="::1") as port:
            assert await engines.outcome(handler(engines, port, "::1")) == SUCCESS
        with servers.closed_port("::1") as port:
            assert await engines.outcome(handler(engines, port, "::1")) == failed(
                f"dial tcp [::1]:{port}: connect: connection refused"
            )


async def test_an_impossible_port_is_a_failure() -> None:
    with real_engines() as engines:
        assert await engines.outcome(handler(engines, -1)) == failed(
            "dial tcp: address -1: invalid port"
        )


async def test_a_name_is_looked_up(mute: int) -> None:
    with real_engines() as engines:
        named = TcpSocket("db", mute, engines.reactor, naming("127.0.0.1"))

        assert await engines.outcome(named) == SUCCESS
        assert await engines.outcome(named) == SUCCESS


async def test_all_addresses_of_a_name_are_tried(mute: int) -> None:
    with real_engines() as engines:
        named = TcpSocket("db", mute, engines.reactor, naming("::1", "127.0.0.1"))

        assert await engines.outcome(named) == SUCCESS


async def test_when_all_addresses_fail_the_first_failure_is_told() -> None:
    with real_engines() as engines, servers.closed_port() as port:
        named = TcpSocket("db", port, engines.reactor, naming("127.0.0.1", "127.0.0.2"))

        assert await engines.outcome(named) == failed(
            f"dial tcp 127.0.0.1:{port}: connect: connection refused"
        )


async def test_an_unknown_name_is_a_failure() -> None:
    with real_engines() as engines:
        named = TcpSocket("nowhere.invalid", 80, engines.reactor, naming())

        assert await engines.outcome(named) == failed(
            "dial tcp: lookup nowhere.invalid: no such host"
        )


async def test_a_name_server_that_is_silent_times_out() -> None:
    with real_engines() as engines:
        silent = Silent()
        named = TcpSocket("slow", 80, engines.reactor, silent)

        assert await engines.outcome(named, seconds=0.05) == failed(
            "dial tcp: lookup slow: i/o timeout"
        )
    assert silent.asked == ["slow", "cancelled"]


async def test_a_machine_without_free_descriptors_says_nothing_about_the_container(
    mute: int,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with real_engines() as engines:
        probe = handler(engines, mute)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            starved = await engines.outcome(probe)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        assert starved == ActionResult(
            Outcome.ERROR, f"dial tcp 127.0.0.1:{mute}: socket: too many open files"
        )
        assert await engines.outcome(probe) == SUCCESS


async def test_a_socket_that_is_connected_to_itself_has_found_nobody() -> None:
    """A client may be given the very port that it asks for, and then TCP talks to itself."""
    with socket.socket() as looped:
        looped.bind(("127.0.0.1", 0))
        port = looped.getsockname()[1]
        looped.connect(("127.0.0.1", port))
        endpoint = dial.literal_endpoint("127.0.0.1", port)
        assert endpoint is not None

        assert dial.finish(looped, endpoint) == errno.ECONNREFUSED


async def test_a_port_of_clients_is_asked_about_and_who_they_are_is_looked_up_after_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    range_file = tmp_path / "range"
    range_file.write_text("1\t2\n")
    ours = EphemeralPorts(str(range_file))
    monkeypatch.setattr(dial, "_EPHEMERAL", ours)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        endpoint = dial.literal_endpoint("127.0.0.1", port)
        assert endpoint is not None
        range_file.write_text(f"{port}\t{port + 1}\n")

        sock, state = dial.begin(endpoint)
        sock.close()

    assert state == errno.ECONNREFUSED
    assert (ours.first, ours.last) == (port, port + 1)
