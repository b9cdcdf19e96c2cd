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
from agent.action.result import ActionResult, Outcome
from agent.action.watches import Watches
from agent.host.reactor import WRITE

_SUCCESS = ActionResult(Outcome.SUCCESS)


class Lookup(Protocol):
    """A question to the resolver that may still be open."""

    def cancel(self) -> None:
        """Do not answer any more."""
        ...


class Resolves(Protocol):
    """Turns host names into addresses without blocking."""

    def resolve(self, host: str, found: Callable[[tuple[str, ...], str], None]) -> Lookup:
        """Call `found(addresses, "")`, or `found((), why)`; it may be called at once.

        `why` is Go's text, such as `lookup web: no such host`.
        """
        ...


class TcpSocket:
    """Connects to `host:port`; the host is numeric or a name, which is looked up each time."""

    __slots__ = ("_host", "_port", "_reactor", "_resolver", "_single")

    def __init__(self, host: str, port: int, reactor: Watches, resolver: Resolves) -> None:
        self._host = host
        self._port = port
        self._reactor = reactor
        self._resolver = resolver
        self._single = dial.Address(host, port) if dial.is_numeric(host) else None

    def start(self, timeout: float | None, done: Done) -> Running:
        """Connect; on loopback the answer is there before this returns."""
        if not 0 <= self._port <= 65535:
            done(_failed(f"dial tcp: address {self._port}: invalid port"))
            return FINISHED
        address = self._single
        if address is None:
            return _Connecting(self._reactor, done).look_up(self._host, self._port, self._resolver)
        try:
            sock, state = dial.begin(address)
        except OSError as exc:
            done(ActionResult(Outcome.ERROR, dial.no_socket(address, exc)))
            return FINISHED
        if state == dial.PENDING:
            return _Connecting(self._reactor, done).wait_for(sock, address)
        sock.close()
        done(_SUCCESS if state == dial.CONNECTED else _failed(dial.failure(address, state)))
        return FINISHED


class _Connecting:
    """A connect that takes its time: an answer from afar, several addresses, a name.

    Addresses are tried one after the other; when all fail the first failure is told, as Go does.
    """

    __slots__ = ("_address", "_done", "_host", "_lookup", "_reactor", "_rest", "_sock", "_text")

    def __init__(self, reactor: Watches, done: Done) -> None:
        self._reactor = reactor
        self._done: Done | None = done
        self._host = ""
        self._lookup: Lookup | None = None
        self._sock: socket.SocketType | None = None
        self._address: dial.Address | None = None
        self._rest: list[dial.Address] = []
        self._text = ""

    def look_up(self, host: str, port: int, resolver: Resolves) -> _Connecting:
        """Resolve the name, then try its addresses."""
        self._host = host

        def found(addresses: tuple[str, ...], why: str) -> None:
            self._lookup = None
            if self._done is None:
                return
            if why or not addresses:
                self._finish(_failed(f"dial tcp: {why or f'lookup {host}: no such host'}"))
                return
            self._rest = [dial.Address(ip, port) for ip in addresses]
            self._try_next()

        lookup = resolver.resolve(host, found)
        if self._address is None and self._done is not None:
            self._lookup = lookup
        return self

    def wait_for(self, sock: socket.SocketType, address: dial.Address) -> _Connecting:
        """Take over a connect that is on its way."""
        self._sock = sock
        self._address = address
        self._reactor.register(sock.fileno(), self, WRITE)
        return self

    def ready(self, events: int) -> None:
        """The connect is settled, or this was an event for the descriptor's previous owner."""
        if self._sock is None or self._address is None:
            return
        state = dial.finish(self._sock, self._address)
        if state != dial.PENDING:
            self._release()
            self._settled(self._address, state)

    def expire(self) -> None:
        """Fail with Go's timeout text."""
        where = "" if self._address is None else f" {self._address.text}"
        what = f"lookup {self._host}: i/o timeout" if self._address is None else "i/o timeout"
        self._finish(_failed(f"dial tcp{where}: {what}"))

    def cancel(self) -> None:
        """Let go of everything."""
        self._done = None
        self._release()
        if self._lookup is not None:
            self._lookup.cancel()
            self._lookup = None

    def _try_next(self) -> None:
        address = self._rest.pop(0)
        self._address = address
        try:
            sock, state = dial.begin(address)
        except OSError as exc:
            self._finish(ActionResult(Outcome.ERROR, dial.no_socket(address, exc)))
            return
        if state == dial.PENDING:
            self.wait_for(sock, address)
            return
        sock.close()
        self._settled(address, state)

    def _settled(self, address: dial.Address, state: int) -> None:
        if state == dial.CONNECTED:
            self._finish(_SUCCESS)
            return
        self._text = self._text or dial.failure(address, state)
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
