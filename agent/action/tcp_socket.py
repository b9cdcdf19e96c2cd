"""Can a TCP connection be opened? (kubelet: pkg/probe/tcp)

The connection is closed at once. No SO_LINGER is set, unlike in the kubelet: it would make
`close` sleep in the kernel for as long as the peer is silent, and stall every other probe.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Protocol

from agent.action import dial
from agent.action.handler import FINISHED, Done, Running
from agent.action.resolve import Address, Answer, Cancellable, LookupFailure
from agent.action.result import ActionResult, Outcome
from agent.action.watches import Watches
from agent.host.reactor import WRITE

_SUCCESS = ActionResult(Outcome.SUCCESS)


class Resolves(Protocol):
    """Turns host names into addresses without blocking (agent.action.resolve)."""

    def known(self, host: str) -> tuple[Address, ...] | None:
        """What can be said at once."""
        ...

    def lookup(self, host: str, tell: Callable[[Answer], None]) -> Cancellable:
        """Ask; `tell` is called later."""
        ...


class TcpSocket:
    """Connects to `host:port`; the host is numeric or a name, which is looked up each time."""

    __slots__ = ("_named", "_reactor", "_single")

    def __init__(self, host: str, port: int, reactor: Watches, resolver: Resolves) -> None:
        self._reactor = reactor
        self._single = dial.literal_endpoint(host, port) if 0 <= port <= 65535 else None
        self._named = None if self._single is not None else (host, port, resolver)

    def start(self, timeout: float | None, done: Done) -> Running:
        """Connect; on loopback the answer is there before this returns."""
        endpoint = self._single
        if endpoint is None:
            return self._look_up(done)
        try:
            sock, state = dial.begin(endpoint)
        except OSError as exc:
            done(ActionResult(Outcome.ERROR, dial.no_socket(endpoint, exc)))
            return FINISHED
        if state == dial.PENDING:
            return _Connecting(self._reactor, done).wait_for(sock, endpoint)
        sock.close()
        done(_SUCCESS if state == dial.CONNECTED else _failed(dial.failure(endpoint, state)))
        return FINISHED

    def _look_up(self, done: Done) -> Running:
        assert self._named is not None  # or there would be an endpoint
        host, port, resolver = self._named
        if not 0 <= port <= 65535:
            done(_failed(f"dial tcp: address {port}: invalid port"))
            return FINISHED
        attempt = _Connecting(self._reactor, done)
        attempt.look_up(host, port, resolver)
        return FINISHED if attempt.over else attempt


class _Connecting:
    """A connect that takes its time: an answer from afar, several addresses, a name.

    Addresses are tried one after the other; when all fail the first failure is told, as Go does.
    """

    __slots__ = ("_done", "_endpoint", "_host", "_lookup", "_reactor", "_rest", "_sock", "_text")

    def __init__(self, reactor: Watches, done: Done) -> None:
        self._reactor = reactor
        self._done: Done | None = done
        self._host = ""
        self._lookup: Cancellable | None = None
        self._sock: socket.SocketType | None = None
        self._endpoint: dial.Endpoint | None = None
        self._rest: list[dial.Endpoint] = []
        self._text = ""

    @property
    def over(self) -> bool:
        """Whether `done` was called."""
        return self._done is None

    def look_up(self, host: str, port: int, resolver: Resolves) -> None:
        """Resolve the name, then try its addresses."""
        self._host = host

        def found(answer: Answer) -> None:
            self._lookup = None
            if isinstance(answer, LookupFailure):
                self._finish(_failed(f"dial tcp: {answer.text}"))
                return
            self._rest = [dial.Endpoint(address, port) for address in answer]
            self._try_next()

        known = resolver.known(host)
        if known is None:
            self._lookup = resolver.lookup(host, found)
        else:
            found(known)

    def wait_for(self, sock: socket.SocketType, endpoint: dial.Endpoint) -> _Connecting:
        """Take over a connect that is on its way."""
        self._sock = sock
        self._endpoint = endpoint
        self._reactor.register(sock.fileno(), self, WRITE)
        return self

    def ready(self, events: int) -> None:
        """The connect is settled, or this was an event for the descriptor's previous owner."""
        if self._sock is None or self._endpoint is None:
            return
        state = dial.finish(self._sock, self._endpoint)
        if state != dial.PENDING:
            self._release()
            self._settled(self._endpoint, state)

    def expire(self) -> None:
        """Fail with Go's timeout text."""
        where = "" if self._endpoint is None else f" {self._endpoint.text}"
        what = f"lookup {self._host}: i/o timeout" if self._endpoint is None else "i/o timeout"
        self._finish(_failed(f"dial tcp{where}: {what}"))

    def cancel(self) -> None:
        """Let go of everything."""
        self._done = None
        self._release()
        if self._lookup is not None:
            self._lookup.cancel()
            self._lookup = None

    def _try_next(self) -> None:
        endpoint = self._rest.pop(0)
        self._endpoint = endpoint
        try:
            sock, state = dial.begin(endpoint)
        except OSError as exc:
            self._finish(ActionResult(Outcome.ERROR, dial.no_socket(endpoint, exc)))
            return
        if state == dial.PENDING:
            self.wait_for(sock, endpoint)
            return
        sock.close()
        self._settled(endpoint, state)

    def _settled(self, endpoint: dial.Endpoint, state: int) -> None:
        if state == dial.CONNECTED:
            self._finish(_SUCCESS)
            return
        self._text = self._text or dial.failure(endpoint, state)
        if self._rest:
            self._try_next()
        else:
            self._finish(_failed(self._text))

    def _release(self) -> None:
        if self._sock is not None:
            self._reactor.unregister(self._sock.fileno())
            self._sock.close()
            self._sock = None

    def _finish(self, result: ActionResult) -> None:
        done = self._done
        self.cancel()
        if done is not None:
            done(result)


def _failed(text: str) -> ActionResult:
    return ActionResult(Outcome.FAILURE, text)
