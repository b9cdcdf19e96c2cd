"""One connection that carries one call: moves the bytes between a socket and an exchange."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from agent.action import dial
from agent.action.h2.exchange import Exchange
from agent.action.watches import Watches
from agent.host.reactor import READ, WRITE

_READ_SIZE: Final = 65_536


class Connection:
    """Connects, sends the request and feeds the exchange until that is finished.

    `ended` is called once, never from within `open`; after `close` it is not called any more.
    """

    __slots__ = (
        "_address",
        "_connecting",
        "_ended",
        "_mask",
        "_outgoing",
        "_reactor",
        "_sock",
        "exchange",
    )

    def __init__(self, address: dial.Address, reactor: Watches, ended: Callable[[], None]) -> None:
        self.exchange = Exchange()
        self._address = address
        self._reactor = reactor
        self._ended = ended
        self._sock: socket.SocketType | None = None
        self._outgoing = b""
        self._connecting = False
        self._mask = 0

    def open(self, request: bytes) -> str:
        """Begin; return why that is impossible, or "". Raises OSError without a free socket."""
        sock, state = dial.begin(self._address)
        if state not in (dial.CONNECTED, dial.PENDING):
            sock.close()
            return dial.failure(self._address, state)
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
            state = dial.finish(sock, self._address)
            if state == dial.PENDING:
                return
            self._connecting = False
            if state != dial.CONNECTED:
                self._over(dial.failure(self._address, state))
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
            return _broken(sock, self._address, "read", exc)
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
            return _broken(sock, self._address, "write", exc)
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


def _broken(sock: socket.SocketType, address: dial.Address, verb: str, error: OSError) -> str:
    """Return Go's text for a read or write that failed."""
    own = sock.getsockname()
    ends = f"{dial.join_host_port(own[0], own[1])}->{address.text}"
    return f"{verb} tcp {ends}: {verb}: {dial.reason(error.errno or 0)}"
