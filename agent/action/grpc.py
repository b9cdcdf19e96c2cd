"""Does grpc.health.v1.Health/Check answer SERVING? (kubelet: pkg/probe/grpc)

Plain-text HTTP/2 on a connection of its own each time. Like grpc-go's blocking dial, a connection
that cannot be had is tried again until the deadline, with its back-off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agent.action import dial
from agent.action.h2 import health, status
from agent.action.h2.connection import Connection
from agent.action.h2.decompress import Decompressor
from agent.action.h2.exchange import Exchange
from agent.action.h2.status import Status
from agent.action.handler import FINISHED, Done, Running
from agent.action.result import ActionResult, Outcome
from agent.action.watches import Schedules, Timer, Watches
from agent.model.duration import go_text
from agent.model.gotext import quote

_BASE_DELAY: Final = 1.0
_GROWTH: Final = 1.6
_JITTER: Final = 0.2
_MAX_DELAY: Final = 120.0

_HEALTHY = ActionResult(Outcome.SUCCESS, "service healthy")


class Grpc:
    """Asks the health service at a numeric address about `service`; "" means the whole server.

    `random` returns 0 to 1 and spreads the retries.
    """

    __slots__ = (
        "_request",
        "_service",
        "_timeout",
        "decompressor",
        "endpoint",
        "random",
        "reactor",
        "scheduler",
    )

    def __init__(
        self,
        endpoint: dial.Endpoint,
        service: str,
        reactor: Watches,
        scheduler: Schedules,
        random: Callable[[], float],
    ) -> None:
        self.endpoint = endpoint
        self.reactor = reactor
        self.scheduler = scheduler
        self.random = random
        self.decompressor = Decompressor()
        self._service = service
        self._timeout: float | None = None
        self._request = b""

    def start(self, timeout: float | None, done: Done) -> Running:
        """Ask once, connecting again and again until the answer or the deadline comes."""
        call = _Call(self, timeout, done)
        call.connect()
        return FINISHED if call.over else call

    def request(self, timeout: float | None) -> bytes:
        """Return what is sent: the same bytes as long as the timeout is the same."""
        if not self._request or timeout != self._timeout:
            self._timeout = timeout
            self._request = health.request(self.endpoint.text, self._service, timeout)
        return self._request

    def delay(self, failures: int) -> float:
        """Return how long to wait after so many failed connects (grpc-go: backoff.Exponential)."""
        if failures == 1:
            return _BASE_DELAY
        delay = min(_BASE_DELAY * _GROWTH ** (failures - 1), _MAX_DELAY)
        return delay * (1 + _JITTER * (2 * self.random() - 1))


class _Call:
    """One execution: connections one after the other until one answers."""

    __slots__ = (
        "_asked_again",
        "_connection",
        "_done",
        "_failures",
        "_grpc",
        "_no_socket",
        "_ready",
        "_timeout",
        "_timer",
    )

    def __init__(self, grpc: Grpc, timeout: float | None, done: Done) -> None:
        self._grpc = grpc
        self._timeout = timeout
        self._done: Done | None = done
        self._connection: Connection | None = None
        self._timer: Timer | None = None
        self._failures = 0
        self._ready = False  # some server spoke HTTP/2: dialling is over, the call runs
        self._asked_again = False
        self._no_socket = ""

    @property
    def over(self) -> bool:
        """Whether `done` was called."""
        return self._done is None

    def connect(self) -> None:
        """Open a connection and ask on it."""
        self._timer = None
        self._no_socket = ""
        grpc = self._grpc
        exchange = Exchange(grpc.decompressor)
        connection = Connection(grpc.endpoint, grpc.reactor, exchange, self._ended)
        try:
            trouble = connection.open(grpc.request(self._timeout))
        except OSError as exc:
            trouble = self._no_socket = dial.no_socket(grpc.endpoint, exc)
        if trouble:
            self._not_connected(f"transport: Error while dialing: {trouble}")
        else:
            self._connection = connection

    def expire(self) -> None:
        """Fail with the text of the phase that took too long."""
        where = quote(self._grpc.endpoint.text)
        if self._ready or (self._connection is not None and self._connection.exchange.ready):
            self._finish(_rpc_timed_out(self._timeout))
        elif self._no_socket:
            text = f"error: failed to connect service at {where}: {self._no_socket}"
            self._finish(ActionResult(Outcome.ERROR, text))
        else:
            within = go_text(self._timeout or 0)
            what = f"timeout: failed to connect service {where} within {within}"
            self._finish(_failed(f"{what}: context deadline exceeded"))

    def cancel(self) -> None:
        """Let go of everything."""
        self._done = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ended(self) -> None:
        """The connection has nothing more to say."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        exchange = connection.exchange
        self._ready = self._ready or exchange.ready
        if not exchange.ready:
            self._not_connected(f"error reading server preface: {exchange.broken}")
        elif exchange.unprocessed and not self._asked_again:
            self._asked_again = True  # grpc-go retries once, at once, what no server has seen
            self.connect()
        else:
            self._finish(verdict(exchange, self._timeout))

    def _not_connected(self, why: str) -> None:
        if self._ready:
            text = f"connection error: desc = {quote(why)}"
            self._finish(_rpc_failed(Status(status.UNAVAILABLE, text), self._timeout))
            return
        self._failures += 1
        delay = self._grpc.delay(self._failures)
        self._timer = self._grpc.scheduler.call_later(delay, self.connect)

    def _finish(self, result: ActionResult) -> None:
        done = self._done
        self.cancel()
        if done is not None:
            done(result)


def verdict(exchange: Exchange, timeout: float | None) -> ActionResult:
    """Return what a finished call says of the server (kubelet: grpcProber.Probe)."""
    if exchange.message is None:
        return _rpc_failed(exchange.failure, timeout)
    found = health.serving_status(exchange.message)
    if isinstance(found, Status):
        return _rpc_failed(found, timeout)
    if found == health.SERVING:
        return _HEALTHY
    name = quote(health.status_name(found))
    return _failed(f"service unhealthy (responded with {name})")


def _rpc_failed(failure: Status, timeout: float | None) -> ActionResult:
    if failure.code == status.DEADLINE_EXCEEDED:
        return _rpc_timed_out(timeout)
    if failure.code == status.UNIMPLEMENTED:
        what = "this server does not implement the grpc health protocol (grpc.health.v1.Health)"
        return _failed(f"error: {what}: {failure.message}")
    return _failed(f"error: health rpc probe failed: {failure}")


def _rpc_timed_out(timeout: float | None) -> ActionResult:
    return _failed(f"timeout: health rpc did not complete within {go_text(timeout or 0)}")


def _failed(text: str) -> ActionResult:
    return ActionResult(Outcome.FAILURE, text)
