"""One connection that carries one call: moves the bytes between a socket and an exchange."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from agent.action import dial
from agent.action.h2.exchange import Exchange
from agent.action.http.text import errno_text, join_host_port
from agent.action.watches import Watches
from agent.host.reactor import READ, WRITE

_READ_SIZE: Final = 65_536


class Connection:
    """Connects, sends the request and feeds the exchange until that is finished.

    `ended` is called once, never from within `open`; after `close` it is not called any more.
    """

    __slots__ = (
        "_connecting",
        "_ended",
        "_endpoint",
        "_lost",
        "_mask",
        "_outgoing",
        "_reactor",
        "_sock",
        "exchange",
    )

    def __init__(
        self,
        endpoint: dial.Endpoint,
        reactor: Watches,
        exchange: Exchange,
        ended: Callable[[], None],
    ) -> None:
        self.exchange = exchange
        self._endpoint = endpoint
        self._reactor = reactor
        self._ended = ended
        self._sock: socket.SocketType | None = None
        self._outgoing = b""
        self._connecting = False
        self._mask = 0
        self._lost = 0  # errno of a send that failed

    def open(self, request: bytes) -> str:
        """Begin; return why that is impossible, or "". Raises OSError without a free socket."""
        sock, state = dial.begin(self._endpoint)
        if state not in (dial.CONNECTED, dial.PENDING):
            sock.close()
            return dial.failure(self._endpoint, state)
        self._sock = sock
        self._outgoing = request
        self._connecting = state == dial.PENDING
        if not self._connecting:
            self._send(sock)
        self._mask = self._wanted()
        self._reactor.register(sock.fileno(), self, self._mask)
        return ""

    def close(self) -> None:
        """Let go of the socket."""
        if self._sock is not None:
            self._reactor.unregister(self._sock.fileno())
            self._sock.close()
            self._sock = None

    def ready(self, events: int) -> None:
        """Go on with whatever the socket is ready for."""
        sock = self._sock
        if sock is None:
            return
        if self._connecting:
            state = dial.finish(sock, self._endpoint)
            if state == dial.PENDING:
                return
            self._connecting = False
            if state != dial.CONNECTED:
                self._over(dial.failure(self._endpoint, state))
                return
        trouble = self._receive(sock) if events & ~WRITE else ""
        if self.exchange.finished or trouble:
            self._over(trouble)
            return
        self._send(sock)
        if self._mask != self._wanted():
            self._mask = self._wanted()
            self._reactor.modify(sock.fileno(), self._mask)

    def _receive(self, sock: socket.SocketType) -> str:
        """Feed what has come; return why nothing more will come, if that is not a plain end."""
        try:
            data = sock.recv(_READ_SIZE)
        except BlockingIOError:
            return ""
        except OSError as exc:
            return self._broken(sock, exc.errno or 0)
        if not data and self._lost:
            return self._broken(sock, self._lost)
        self._outgoing += self.exchange.receive(data)
        return ""

    def _send(self, sock: socket.SocketType) -> None:
        """Send what is to be sent; a peer that takes nothing any more may have answered before."""
        if not self._outgoing:
            return
        try:
            sent = sock.send(self._outgoing)
        except BlockingIOError:
            return
        except OSError as exc:
            self._lost = exc.errno or 0
            self._outgoing = b""
            return
        self._outgoing = self._outgoing[sent:]

    def _wanted(self) -> int:
        if self._connecting:
            return WRITE
        return READ | WRITE if self._outgoing else READ

    def _over(self, trouble: str) -> None:
        self.close()
        if trouble:
            self.exchange.lose(trouble)
        self._ended()

    def _broken(self, sock: socket.SocketType, number: int) -> str:
        """Return Go's text for a connection that failed while it was read."""
        own = sock.getsockname()
        ends = f"{join_host_port(own[0], own[1])}->{self._endpoint.text}"
        return f"read tcp {ends}: read: {errno_text(number)}"
