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
        "_mask",
        "_outgoing",
        "_reactor",
        "_sock",
        "exchange",
    )

    def __init__(
        self, endpoint: dial.Endpoint, reactor: Watches, ended: Callable[[], None]
    ) -> None:
        self.exchange = Exchange()
        self._endpoint = endpoint
        self._reactor = reactor
        self._ended = ended
        self._sock: socket.SocketType | None = None
        self._outgoing = b""
        self._connecting = False
        self._mask = 0

    def open(self, request: bytes) -> str:
        """Begin; return why that is impossible, or "". Raises OSError without a free socket."""
        sock, state = dial.begin(self._endpoint)
        if state not in (dial.CONNECTED, dial.PENDING):
            sock.close()
            return dial.failure(self._endpoint, state)
        self._sock = sock
        self._outgoing = request
        self._connecting = state == dial.PENDING
        trouble = "" if self._connecting else self._send(sock)
        if trouble:
            sock.close()
            self._sock = None
            return trouble
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
        if not self.exchange.finished and not trouble:
            trouble = self._send(sock)
        if self.exchange.finished or trouble:
            self._over(trouble)
        elif self._mask != self._wanted():
            self._mask = self._wanted()
            self._reactor.modify(sock.fileno(), self._mask)

    def _receive(self, sock: socket.SocketType) -> str:
        try:
            data = sock.recv(_READ_SIZE)
        except BlockingIOError:
            return ""
        except OSError as exc:
            return _broken(sock, self._endpoint, "read", exc)
        self._outgoing += self.exchange.receive(data)
        return ""

    def _send(self, sock: socket.SocketType) -> str:
        if not self._outgoing:
            return ""
        try:
            sent = sock.send(self._outgoing, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return ""
        except OSError as exc:
            return _broken(sock, self._endpoint, "write", exc)
        self._outgoing = self._outgoing[sent:]
        return ""

    def _wanted(self) -> int:
        if self._connecting:
            return WRITE
        return READ | WRITE if self._outgoing else READ

    def _over(self, trouble: str) -> None:
        self.close()
        if trouble:
            self.exchange.lose(trouble)
        self._ended()


def _broken(sock: socket.SocketType, endpoint: dial.Endpoint, verb: str, error: OSError) -> str:
    """Return Go's text for a read or write that failed."""
    own = sock.getsockname()
    ends = f"{join_host_port(own[0], own[1])}->{endpoint.text}"
    return f"{verb} tcp {ends}: {verb}: {errno_text(error.errno or 0)}"
