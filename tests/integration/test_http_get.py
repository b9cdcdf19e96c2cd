"""The httpGet handler against real sockets on loopback, good servers and bad ones."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agent.action.dial import Endpoint
from agent.action.handler import Role, Target
from agent.action.http.client import Network
from agent.action.http.connection import Connection, Listener
from agent.action.http_get import HTTPGet
from agent.action.result import ActionResult, Outcome
from agent.model.handler import HTTPGetAction
from tests.support import servers
from tests.support.engines import RealEngines, failed, real_engines
from tests.support.servers import Talk

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SUCCESS = ActionResult(Outcome.SUCCESS, "ok")
LATE = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"


def handler(
    engines: RealEngines,
    port: int,
    *,
    scheme: str = "HTTP",
    host: str = "127.0.0.1",
    role: Role = Role.PROBE,
) -> HTTPGet:
    network = Network(
        reactor=engines.reactor, scheduler=engines.scheduler, resolver=engines.resolver
    )
    action = HTTPGetAction(port=port, path="/healthz", scheme=scheme)
    return HTTPGet(action, Target(address=host, ports=()), role, network=network)


async def ask(
    talk: Talk, seconds: float = 5.0, *, scheme: str = "HTTP"
) -> tuple[ActionResult, int]:
    """The result of one probe of a server that talks like that, and the server's port."""
    with servers.serving(talk) as port, real_engines() as engines:
        return await engines.outcome(handler(engines, port, scheme=scheme), seconds), port


def message(port: int, text: str, *, scheme: str = "http", host: str = "127.0.0.1") -> ActionResult:
    return failed(f'Get "{scheme}://{host}:{port}/healthz": {text}')


@pytest.fixture(scope="module")
def tls_context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    certificate, key = servers.tls_pair().write(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def over_tls(context: ssl.SSLContext, talk: Talk) -> Talk:
    """Talk like that, but encrypted."""

    def secured(sock: socket.socket, over: threading.Event) -> None:
        with suppress(ssl.SSLError), context.wrap_socket(sock.dup(), server_side=True) as wrapped:
            talk(wrapped, over)
        with suppress(OSError):
            servers.leave(sock, over)

    return secured


async def test_a_good_server_is_well() -> None:
    result, _ = await ask(servers.answer(OK))

    assert result == SUCCESS


async def test_a_server_on_ipv6_is_well() -> None:
    with servers.serving(servers.answer(OK), host="::1") as port, real_engines() as engines:
        assert await engines.outcome(handler(engines, port, host="::1")) == SUCCESS


async def test_a_name_is_looked_up_once() -> None:
    with servers.serving(servers.answer(OK)) as port, real_engines() as engines:
        probe = handler(engines, port, host="localhost")

        assert await engines.outcome(probe) == SUCCESS
        assert engines.resolver.known("localhost") is not None
        assert await engines.outcome(probe) == SUCCESS


async def test_a_closed_port_refuses() -> None:
    with servers.closed_port() as port, real_engines() as engines:
        result = await engines.outcome(handler(engines, port))

    refused = f"dial tcp 127.0.0.1:{port}: connect: connection refused"
    assert result == message(port, refused)


async def test_a_port_that_swallows_connections_fails_in_time() -> None:
    with servers.full_backlog() as port, real_engines() as engines:
        result = await engines.outcome(handler(engines, port), 0.3)

    assert result == message(port, LATE)


async def test_a_connection_that_comes_late_is_used() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, real_engines() as engines:
        port = listener.getsockname()[1]
        fillers = [fill(port) for _ in range(3)]
        result = asyncio.ensure_future(engines.outcome(handler(engines, port), 8.0))
        await asyncio.sleep(0)  # the probe's first packet has been dropped by now
        await asyncio.to_thread(serve_all, listener)
        assert await result == SUCCESS
        for filler in fillers:
            filler.close()


def fill(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(("127.0.0.1", port))
    return sock


def serve_all(listener: socket.socket) -> None:
    """Answer connections in turn until one has asked something."""
    listener.settimeout(8.0)
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(0.1)
            with suppress(TimeoutError):
                if connection.recv(4096):
                    connection.sendall(OK)
                    return


async def test_a_server_that_never_answers_fails_in_time() -> None:
    result, port = await ask(servers.hang, 0.2)

    assert result == message(port, LATE)


async def test_a_server_that_drips_fails_in_time() -> None:
    result, port = await ask(servers.drip(OK, every=0.05), 0.2)

    assert result == message(port, LATE)


async def test_a_body_that_drips_says_nothing_about_the_container() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"

    result, _ = await ask(servers.answer(head, then=servers.drip(b"x" * 99, every=0.05)), 0.2)

    late = "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
    assert result == ActionResult(Outcome.ERROR, late)


async def test_of_an_enormous_body_little_is_read() -> None:
    sent = 0

    def pour(sock: socket.socket, over: threading.Event) -> None:
        nonlocal sent
        sock.recv(4096)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while sent < 1_000_000_000:
            sent += sock.send(b"b" * 65536)

    result, _ = await ask(pour)

    assert result == ActionResult(Outcome.SUCCESS, "b" * 10240)
    assert sent < 50_000_000


async def test_an_invalid_status_line_is_told() -> None:
    result, port = await ask(servers.answer(b"220 mail.example ESMTP\r\n"))

    broken = "net/http: HTTP/1.x transport connection broken: "
    assert result == message(port, f'{broken}malformed HTTP status code "mail.example"')


async def test_a_hundred_kilobytes_of_headers_are_read() -> None:
    padding = b"X-Pad: " + b"z" * 993 + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\n" + padding * 100 + b"Content-Length: 2\r\n\r\n"

    result, _ = await ask(servers.answer(head + b"ok"))

    assert result == SUCCESS


async def test_headers_without_end_are_refused() -> None:
    def pour(sock: socket.socket, over: threading.Event) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            sock.sendall((b"X: " + b"z" * 1000 + b"\r\n") * 60)

    result, port = await ask(pour)

    broken = "net/http: HTTP/1.x transport connection broken: "
    limit = "net/http: server response headers exceeded 10485760 bytes; aborted"
    assert result == message(port, broken + limit)


async def test_a_redirect_loop_ends() -> None:
    loop = b"HTTP/1.1 302 F\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"

    result, _ = await ask(servers.answer(loop))

    assert result == failed('Get "/again": stopped after 10 redirects')


async def test_a_redirect_may_lead_to_another_port() -> None:
    with servers.serving(servers.answer(OK)) as other:
        place = f"HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:{other}/\r\n\r\n".encode()

        result, _ = await ask(servers.answer(place, then=servers.leave))

    assert result == SUCCESS


async def test_a_reset_is_told() -> None:
    def read_and_reset(sock: socket.socket, over: threading.Event) -> None:
        sock.recv(4096)
        servers.reset(sock, over)

    result, port = await ask(read_and_reset)

    assert result.outcome is Outcome.FAILURE
    assert result.output.startswith(f'Get "http://127.0.0.1:{port}/healthz": read tcp 127.0.0.1:')
    assert result.output.endswith(f"->127.0.0.1:{port}: read: connection reset by peer")


async def test_an_answer_that_comes_before_the_question_counts() -> None:
    result, _ = await ask(servers.say(OK))

    assert result == SUCCESS


async def test_tls_succeeds_without_a_trusted_certificate(tls_context: ssl.SSLContext) -> None:
    result, _ = await ask(over_tls(tls_context, servers.answer(OK)), scheme="HTTPS")

    assert result == SUCCESS


async def test_a_long_answer_over_tls_is_cut(tls_context: ssl.SSLContext) -> None:
    long = b"HTTP/1.1 200 OK\r\n\r\n" + b"b" * 300_000

    result, _ = await ask(over_tls(tls_context, servers.answer(long)), scheme="HTTPS")

    assert result == ActionResult(Outcome.SUCCESS, "b" * 10240)


async def test_tls_on_a_plain_port_is_told() -> None:
    result, port = await ask(servers.answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"), scheme="HTTPS")

    text = "http: server gave HTTP response to HTTPS client"
    assert result == message(port, text, scheme="https")


async def test_another_protocol_on_a_tls_port_is_told() -> None:
    result, port = await ask(servers.answer(b"SSH-2.0-OpenSSH_9.2\r\n"), scheme="HTTPS")

    text = "tls: first record does not look like a TLS handshake"
    assert result == message(port, text, scheme="https")


async def test_plain_http_on_a_tls_port_fails(tls_context: ssl.SSLContext) -> None:
    result, port = await ask(over_tls(tls_context, servers.answer(OK)))

    assert result == message(port, "EOF")


async def test_a_handshake_that_stalls_fails_in_time() -> None:
    result, port = await ask(servers.hang, 0.2, scheme="HTTPS")

    assert result == message(port, "context deadline exceeded", scheme="https")


async def test_a_hundred_probes_at_once_all_succeed() -> None:
    with servers.serving(servers.answer(OK)) as port, real_engines() as engines:
        probe = handler(engines, port)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(engines.outcome(probe)) for _ in range(100)]

    assert {task.result() for task in tasks} == {SUCCESS}


async def test_a_cancelled_probe_leaves_nothing() -> None:
    with servers.accepting_and_hanging() as port, real_engines() as engines:
        heard: list[ActionResult] = []

        handler(engines, port).start(1.0, heard.append).cancel()
        await asyncio.sleep(0)

    assert heard == []


@contextmanager
def no_descriptors() -> Iterator[None]:
    """No further descriptor can be opened meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
    taken: list[socket.socket] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 1, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(socket.socket())
        yield
    finally:
        for sock in taken:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_machine_without_descriptors_blames_itself_and_recovers() -> None:
    with servers.serving(servers.answer(OK)) as port, real_engines() as engines:
        probe = handler(engines, port)

        with no_descriptors():
            result = await engines.outcome(probe)
        later = await engines.outcome(probe)

    text = f"dial tcp 127.0.0.1:{port}: socket: too many open files"
    assert result == ActionResult(Outcome.ERROR, f'Get "http://127.0.0.1:{port}/healthz": {text}')
    assert later == SUCCESS


class Mirrors(Network):
    """Every connection leads back to itself, as happens when nobody listens on a port."""

    def connection(self, listener: Listener, endpoint: Endpoint) -> Connection:
        return Mirror(self.reactor, listener, endpoint)


class Mirror(Connection):
    """A socket connected to its own port; what is sent comes back."""

    def open(self, data: bytes, *, no_delay: bool = False) -> None:
        own = self._socket = socket.socket()
        own.bind(("127.0.0.1", 0))
        own.connect(own.getsockname())
        own.sendall(data)
        self._listener.received(own.recv(4096))


@pytest.mark.parametrize("scheme", ["HTTP", "HTTPS"])
async def test_a_connection_to_oneself_is_a_refused_one(scheme: str) -> None:
    heard: list[ActionResult] = []
    with real_engines() as engines:
        network = Mirrors(
            reactor=engines.reactor, scheduler=engines.scheduler, resolver=engines.resolver
        )
        action = HTTPGetAction(port=80, scheme=scheme)
        probe = HTTPGet(action, Target(address="127.0.0.1", ports=()), Role.PROBE, network=network)

        probe.start(1.0, heard.append)

    text = "dial tcp 127.0.0.1:80: connect: connection refused"
    assert heard == [failed(f'Get "{scheme.lower()}://127.0.0.1:80": {text}')]
