"""The grpc handler against a real grpcio health server, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from agent.action import dial
from agent.action.grpc import Grpc
from agent.action.h2 import frames
from agent.action.result import ActionResult, Outcome
from tests.support import h2, servers
from tests.support.engines import RealEngines, failed, real_engines

pytestmark = [pytest.mark.integration, pytest.mark.asyncio]

HEALTHY = ActionResult(Outcome.SUCCESS, "service healthy")


@contextmanager
def grpc_server(
    servicer: Any = None, address: str = "127.0.0.1:0", credentials: Any = None
) -> Iterator[int]:
    """A real server with this health service (none: it implements nothing); gives the port."""
    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        if servicer is not None:
            health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
        server.start()
        try:
            yield port
        finally:
            server.stop(None).wait(10)


def handler(engines: RealEngines, port: int, service: str = "", host: str = "127.0.0.1") -> Grpc:
    endpoint = dial.literal_endpoint(host, port)
    assert endpoint is not None
    return Grpc(endpoint, service, engines.reactor, engines.scheduler, lambda: 0.5)


class Servicer:
    """A health service whose Check does this; a real servicer is a subclass of untyped code."""

    def __init__(self, check: Callable[[Any, Any], Any]) -> None:
        self.Check = check
        self.Watch = self.List = check


class Moody:
    """A server that behaves differently on each connection; the last way is kept."""

    def __init__(self, *ways: servers.Talk) -> None:
        self.ways = list(ways)
        self.connections = 0

    def __call__(self, sock: Any, over: threading.Event) -> None:
        way = self.ways[min(self.connections, len(self.ways) - 1)]
        self.connections += 1
        way(sock, over)


async def test_a_real_server_is_understood() -> None:
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    servicer.set("down", health_pb2.HealthCheckResponse.NOT_SERVING)
    servicer.set("odd", health_pb2.HealthCheckResponse.UNKNOWN)
    with grpc_server(servicer) as port, real_engines() as engines:
        assert await engines.outcome(handler(engines, port)) == HEALTHY
        assert await engines.outcome(handler(engines, port, "down")) == failed(
            'service unhealthy (responded with "NOT_SERVING")'
        )
        assert await engines.outcome(handler(engines, port, "odd")) == failed(
            'service unhealthy (responded with "UNKNOWN")'
        )
        assert await engines.outcome(handler(engines, port, "nowhere")) == failed(
            "error: health rpc probe failed: rpc error: code = NotFound desc = "
        )


async def test_a_server_that_changes_its_mind_is_asked_anew_each_time() -> None:
    servicer = health.HealthServicer()
    with grpc_server(servicer) as port, real_engines() as engines:
        probe = handler(engines, port, "web")
        for status in ("SERVING", "NOT_SERVING", "SERVING"):
            servicer.set("web", health_pb2.HealthCheckResponse.ServingStatus.Value(status))
            healthy = (await engines.outcome(probe)).outcome is Outcome.SUCCESS
            assert healthy == (status == "SERVING")


async def test_a_server_on_ipv6_is_reached() -> None:
    with grpc_server(health.HealthServicer(), "[::1]:0") as port, real_engines() as engines:
        assert await engines.outcome(handler(engines, port, host="::1")) == HEALTHY


async def test_a_server_without_the_health_service_does_not_implement_it() -> None:
    with grpc_server() as port, real_engines() as engines:
        assert await engines.outcome(handler(engines, port)) == failed(
            "error: this server does not implement the grpc health protocol "
            "(grpc.health.v1.Health): Method not found!"
        )


async def test_a_server_that_fails_says_why() -> None:
    def check(request: Any, context: Any) -> None:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "zu müde: 100%")

    with grpc_server(Servicer(check)) as port, real_engines() as engines:
        assert await engines.outcome(handler(engines, port)) == failed(
            "error: health rpc probe failed: "
            "rpc error: code = ResourceExhausted desc = zu müde: 100%"
        )


async def test_a_server_that_is_slow_runs_into_the_deadline() -> None:
    over = threading.Event()

    def check(request: Any, context: Any) -> Any:
        over.wait(10)
        return health_pb2.HealthCheckResponse(status=1)

    with grpc_server(Servicer(check)) as port, real_engines() as engines:
        result = await engines.outcome(handler(engines, port), seconds=0.2)
        over.set()

    assert result == failed("timeout: health rpc did not complete within 200ms")


async def test_a_server_with_tls_only_cannot_be_reached() -> None:
    pair = servers.tls_pair()
    credentials = grpc.ssl_server_credentials([(pair.key, pair.certificate)])
    servicer = health.HealthServicer()
    with grpc_server(servicer, credentials=credentials) as port, real_engines() as engines:
        assert await engines.outcome(handler(engines, port), seconds=0.3) == failed(
            f'timeout: failed to connect service "127.0.0.1:{port}" within 300ms: '
            "context deadline exceeded"
        )


async def test_an_http_1_server_cannot_be_reached() -> None:
    with servers.http() as web, real_engines() as engines:
        assert await engines.outcome(handler(engines, web.port), seconds=0.3) == failed(
            f'timeout: failed to connect service "127.0.0.1:{web.port}" within 300ms: '
            "context deadline exceeded"
        )


@pytest.mark.parametrize("kind", ["closed", "silent", "full"])
async def test_a_port_without_an_answer_fails_at_the_deadline_only(kind: str) -> None:
    port_of = {
        "closed": servers.closed_port,
        "silent": servers.accepting_and_hanging,
        "full": servers.full_backlog,
    }[kind]
    with real_engines() as engines, port_of() as port:
        begun = engines.scheduler.time()
        result = await engines.outcome(handler(engines, port), seconds=0.3)

        assert engines.scheduler.time() - begun >= 0.3
        assert result == failed(
            f'timeout: failed to connect service "127.0.0.1:{port}" within 300ms: '
            "context deadline exceeded"
        )


async def test_a_server_that_comes_up_late_is_found_by_the_second_try() -> None:
    moody = Moody(servers.leave, servers.answer(h2.answered(1)))
    with real_engines() as engines, servers.serving(moody) as port:
        begun = engines.scheduler.time()

        assert await engines.outcome(handler(engines, port), seconds=4) == HEALTHY
        assert 1.0 <= engines.scheduler.time() - begun < 3.5
    assert moody.connections == 2


async def test_retries_wait_ever_longer() -> None:
    with real_engines() as engines:
        probe = handler(engines, 1)

        assert [round(probe.delay(n), 3) for n in (1, 2, 3, 4)] == [1.0, 1.6, 2.56, 4.096]
        assert probe.delay(50) == 120.0
        probe.random = lambda: 0.0
        assert round(probe.delay(2), 3) == 1.28
        probe.random = lambda: 1.0
        assert round(probe.delay(2), 3) == 1.92


async def test_a_call_that_no_server_has_seen_is_made_again_at_once() -> None:
    refused = servers.answer(h2.SETTINGS + h2.goaway(0), then=servers.leave)
    moody = Moody(refused, servers.answer(h2.answered(1)))
    with real_engines() as engines, servers.serving(moody) as port:
        begun = engines.scheduler.time()

        assert await engines.outcome(handler(engines, port), seconds=4) == HEALTHY
        assert engines.scheduler.time() - begun < 0.9
    assert moody.connections == 2


async def test_a_call_is_made_again_only_once() -> None:
    moody = Moody(servers.answer(h2.SETTINGS + h2.rst_stream(frames.REFUSED_STREAM)))
    with real_engines() as engines, servers.serving(moody) as port:
        assert await engines.outcome(handler(engines, port), seconds=4) == failed(
            "error: health rpc probe failed: rpc error: code = Unavailable desc = "
            "stream terminated by RST_STREAM with error code: REFUSED_STREAM"
        )
    assert moody.connections == 2


async def test_a_server_that_is_gone_when_asked_again_is_unavailable() -> None:
    refused = servers.answer(h2.SETTINGS + h2.goaway(0), then=servers.leave)
    with real_engines() as engines, servers.serving(Moody(refused, servers.leave)) as port:
        assert await engines.outcome(handler(engines, port), seconds=4) == failed(
            "error: health rpc probe failed: rpc error: code = Unavailable desc = "
            'connection error: desc = "error reading server preface: EOF"'
        )


async def test_a_connection_lost_in_the_middle_of_the_call_is_unavailable() -> None:
    with real_engines() as engines:
        with servers.serving(servers.answer(h2.SETTINGS, then=servers.leave)) as port:
            assert await engines.outcome(handler(engines, port)) == failed(
                "error: health rpc probe failed: rpc error: code = Unavailable desc = "
                "error reading from server: EOF"
            )
        with servers.serving(servers.answer(h2.SETTINGS, then=servers.reset)) as port:
            result = await engines.outcome(handler(engines, port))

    assert result.output.startswith(
        "error: health rpc probe failed: rpc error: code = Unavailable desc = "
        "error reading from server: read tcp 127.0.0.1:"
    )
    assert result.output.endswith(f"->127.0.0.1:{port}: read: connection reset by peer")


async def test_an_answer_that_arrives_byte_by_byte_is_understood() -> None:
    with real_engines() as engines:
        with servers.serving(servers.drip(h2.answered(1), every=0.001)) as port:
            assert await engines.outcome(handler(engines, port)) == HEALTHY


async def test_a_server_that_is_too_slow_with_its_bytes_runs_into_the_deadline() -> None:
    with real_engines() as engines:
        with servers.serving(servers.drip(h2.answered(1), every=0.1)) as port:
            result = await engines.outcome(handler(engines, port), seconds=1.5)

    assert result == failed("timeout: health rpc did not complete within 1.5s")


async def test_a_ping_is_answered_before_the_call_is() -> None:
    """The server insists on its acknowledgements."""

    def talk(sock: Any, over: threading.Event) -> None:
        sock.settimeout(5)
        sock.sendall(h2.SETTINGS + frames.write(frames.PING, 0, 0, b"12345678"))
        wanted = frames.write(frames.PING, frames.ACK, 0, b"12345678")
        got = b""
        while wanted not in got or b"\0\0\0\4\1" not in got:
            got += sock.recv(65_536)
        sock.sendall(h2.answered(1)[len(h2.SETTINGS) :])

    with real_engines() as engines, servers.serving(talk) as port:
        assert await engines.outcome(handler(engines, port)) == HEALTHY


async def test_a_request_larger_than_the_socket_takes_is_sent_in_parts() -> None:
    service = "s" * 8_000_000
    received = 0

    def talk(sock: Any, over: threading.Event) -> None:
        nonlocal received
        sock.settimeout(5)
        while received < len(service):
            received += len(sock.recv(1 << 20))
        sock.sendall(h2.answered(1))

    with real_engines() as engines, servers.serving(talk) as port:
        assert await engines.outcome(handler(engines, port, service), seconds=10) == HEALTHY
    assert received > len(service)


async def test_a_cancelled_call_never_reports() -> None:
    results: list[ActionResult] = []
    with real_engines() as engines:
        for way in (servers.hang, servers.leave):
            with servers.serving(way) as port:
                running = handler(engines, port).start(1.0, results.append)
                await asyncio.sleep(0.02)
                running.cancel()
                running.expire()

    assert results == []


async def test_a_machine_without_free_descriptors_says_nothing_about_the_container() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with grpc_server(health.HealthServicer()) as port, real_engines() as engines:
        probe = handler(engines, port)
        results: list[ActionResult] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            running = probe.start(1.0, results.append)
            running.expire()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        assert results == [
            ActionResult(
                Outcome.ERROR,
                f'error: failed to connect service at "127.0.0.1:{port}": '
                f"dial tcp 127.0.0.1:{port}: socket: too many open files",
            )
        ]
        assert await engines.outcome(probe) == HEALTHY


async def test_a_missing_descriptor_is_forgiven_when_there_is_one_in_time() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with grpc_server(health.HealthServicer()) as port, real_engines() as engines:
        results: list[ActionResult] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            running = handler(engines, port).start(5.0, results.append)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        async with asyncio.timeout(5):
            while not results:
                await asyncio.sleep(0.02)
        running.cancel()

    assert results == [HEALTHY]
