"""How is a TCP connection begun without waiting, and what does Go say when it fails?"""

from __future__ import annotations

import errno
import socket
from typing import Final

from agent.action import resolve
from agent.action.http.text import errno_text, join_host_port
from agent.action.resolve import Address
from agent.host.ephemeral_ports import EphemeralPorts

CONNECTED: Final = 0
PENDING: Final = errno.EALREADY

_UNDER_WAY = errno.EINPROGRESS
_NONBLOCKING = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
_EPHEMERAL = EphemeralPorts()


class Endpoint:
    """A numeric address and a port, ready for `begin`."""

    __slots__ = ("_host", "family", "sockaddr")

    def __init__(self, address: Address, port: int, host: str | None = None) -> None:
        """`host` is what texts show, if not the address itself."""
        self.family = address.family
        self.sockaddr = address.at(port)
        self._host = address.host if host is None else host

    @property
    def port(self) -> int:
        """Where the server is to listen."""
        return self.sockaddr[1]

    @property
    def text(self) -> str:
        """How messages name it."""
        return join_host_port(self._host, self.port)


def literal_endpoint(host: str, port: int) -> Endpoint | None:
    """Return the endpoint when `host` is an IP address ("" is this machine), None for a name."""
    address = resolve.literal(host)
    return None if address is None else Endpoint(address, port, host)


def begin(endpoint: Endpoint) -> tuple[socket.SocketType, int]:
    """Return a non-blocking socket and CONNECTED, PENDING or the errno of the failure.

    On loopback the handshake is over when the first connect returns, and asking again tells so:
    no readiness event is needed. Raises OSError when no socket can be had (EMFILE ...).
    """
    sockaddr = endpoint.sockaddr
    sock = socket.SocketType(endpoint.family, _NONBLOCKING)
    state = sock.connect_ex(sockaddr)
    if state == _UNDER_WAY:
        state = sock.connect_ex(sockaddr)
    if state == CONNECTED and not _EPHEMERAL.first <= sockaddr[1] <= _EPHEMERAL.last:
        return sock, CONNECTED  # as `_settled` would say, without asking for our own address
    return sock, _settled(sock, endpoint, state)


def finish(sock: socket.SocketType, endpoint: Endpoint) -> int:
    """Return how a PENDING connect stands, after the socket became writable or failed."""
    state = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if state == 0:
        state = sock.connect_ex(endpoint.sockaddr)
    return _settled(sock, endpoint, state)


def failure(endpoint: Endpoint, state: int) -> str:
    """Return Go's text for a failed connect."""
    return f"dial tcp {endpoint.text}: connect: {errno_text(state)}"


def no_socket(endpoint: Endpoint, error: OSError) -> str:
    """Return Go's text for a machine that has no socket to spare."""
    return f"dial tcp {endpoint.text}: socket: {errno_text(error.errno or 0)}"


def _settled(sock: socket.SocketType, endpoint: Endpoint, state: int) -> int:
    """Translate connect's answer; a socket connected to itself has found nobody.

    A client that asks a closed port of its own ephemeral range may be given that very port as
    its own, and TCP then connects it to itself (Go: net.selfConnect). Which ports these are is
    looked up again after each failure.
    """
    if state in (CONNECTED, errno.EISCONN):
        own = sock.getsockname()
        if own[1] == endpoint.port and own == sock.getpeername():
            return errno.ECONNREFUSED
        return CONNECTED
    if state == _UNDER_WAY:
        return PENDING
    if state != PENDING:
        _EPHEMERAL.renew()
    return state
