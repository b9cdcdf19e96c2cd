"""How does a plain httpGet probe run when nothing unusual happens?

Nearly always the server takes the request at once and answers in one piece. That takes one object
and a few calls here; whatever else happens is passed on, as far as it has come, to `Exchange`,
which knows all of HTTP. It is that difference in which a probe costs little more than its system
calls.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from agent.action.handler import Role
from agent.action.http import ordinary
from agent.action.http.client import MAX_BODY, Exchange, Network
from agent.action.http.connection import READ_SIZE, Connection
from agent.action.http.request import Hop
from agent.host.reactor import READ

if TYPE_CHECKING:
    import socket


class QuickGet(ABC):
    """One execution of a probe; subclasses hear how it ended (see client.Ended)."""

    __slots__ = ("_exchange", "_fd", "_hop", "_network", "_sock")

    def __init__(self, network: Network, hop: Hop) -> None:
        self._network = network
        self._hop = hop
        self._exchange: Exchange | None = None
        self._sock: socket.SocketType | None = None  # while it is ours
        self._fd = -1  # watched when not negative

    def begin(self) -> None:
        """Send the request; may end before it returns."""
        hop = self._hop
        if not hop.is_plain or hop.endpoints is None:
            self._instead().begin()
            return
        endpoint = hop.endpoints[0]
        try:
            self._sock = sock = self._network.socket(endpoint)
        except OSError:
            self._instead().begin()  # which fails as well, or finds that there is one now
            return
        failure = sock.connect_ex(endpoint.sockaddr)
        if failure not in (0, errno.EINPROGRESS):
            self._pass_on(hop.data).refused_by(failure)
            return
        try:
            count = sock.send(hop.data)
        except OSError as exc:
            self._pass_on(hop.data).not_sent(exc.errno or 0)
            return
        if count < len(hop.data):
            self._pass_on(hop.data).sent(count)
            return
        self._fd = sock.fileno()
        self._network.reactor.register(self._fd, self, READ)

    def ready(self, events: int) -> None:
        """Called by the reactor; a stale event is harmless, since every call may say EAGAIN."""
        if self._sock is None:
            return
        try:
            data = self._sock.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError as exc:
            self._pass_on().not_received(exc.errno or 0)
            return
        whole = ordinary.read(data, MAX_BODY)
        if whole is None:
            self._pass_on().arrived(data)
            return
        self._close()
        self.answered(*whole)

    def expire(self) -> None:
        """The time for everything together is over."""
        if self._sock is not None:
            self._pass_on()
        if self._exchange is not None:
            self._exchange.expire()

    def cancel(self) -> None:
        """Stop; nobody hears of it."""
        if self._sock is not None:
            self._close()
        if self._exchange is not None:
            self._exchange.cancel()

    @abstractmethod
    def answered(self, status: int, body: bytes) -> None:
        """The final response, with at most MAX_BODY bytes of its body."""

    @abstractmethod
    def failed(self, url: bytes, reason: str) -> None:
        """There was no response from `url`."""

    @abstractmethod
    def body_failed(self, reason: str) -> None:
        """The response broke off within its body."""

    @abstractmethod
    def impossible(self, url: bytes, reason: str) -> None:
        """This machine could not ask."""

    def _instead(self) -> Exchange:
        """Who goes on from here."""
        self._exchange = Exchange(self._network, self._hop, Role.PROBE, self)
        return self._exchange

    def _pass_on(self, unsent: bytes = b"") -> Connection:
        """Give the connection away; its new owner wants to hear what happened to it last."""
        assert self._sock is not None
        sock, self._sock = self._sock, None
        return self._instead().adopt(sock, self._fd, unsent)

    def _close(self) -> None:
        assert self._sock is not None
        if self._fd >= 0:
            self._network.reactor.unregister(self._fd)  # before closing: see agent.host.reactor
        self._sock.close()
        self._sock = None
