"""How is a TCP connection begun without waiting, and what does Go say when it fails?"""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

CONNECTED: Final = 0
PENDING: Final = errno.EALREADY

_NONBLOCKING = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC


class Address:
    """A numeric IP address and a port, ready for `begin`."""

    __slots__ = ("family", "port", "sockaddr", "text")

    def __init__(self, ip: str, port: int) -> None:
        """`ip` is numeric, an IPv6 one without brackets; anything else raises ValueError."""
        if not is_numeric(ip):
            raise ValueError(f"not an IP address: {ip!r}")
        self.family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self.sockaddr = (ip, port)
        self.port = port
        self.text = join_host_port(ip, port)


def is_numeric(host: str) -> bool:
    """Whether `host` is an IP address, so that connecting to it asks no resolver."""
    try:
        if ":" in host:
            socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
        else:
            socket.inet_pton(socket.AF_INET, host)
    except OSError:
        return False
    return True


def join_host_port(host: str, port: int) -> str:
    """Return `host:port`, with brackets where the host has colons (Go: net.JoinHostPort)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def begin(address: Address) -> tuple[socket.SocketType, int]:
    """Return a non-blocking socket and CONNECTED, PENDING or the errno of the failure.

    On loopback the handshake is over when the first connect returns, and asking again tells so:
    no readiness event is needed. Raises OSError when no socket can be had (EMFILE ...).
    """
    sock = socket.SocketType(address.family, _NONBLOCKING)
    state = sock.connect_ex(address.sockaddr)
    if state == errno.EINPROGRESS:
        state = sock.connect_ex(address.sockaddr)
    return sock, _settled(sock, address, state)


def finish(sock: socket.SocketType, address: Address) -> int:
    """Return how a PENDING connect stands, after the socket became writable or failed."""
    state = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if state == 0:
        state = sock.connect_ex(address.sockaddr)
    return _settled(sock, address, state)


def failure(address: Address, state: int) -> str:
    """Return Go's text for a failed connect."""
    return f"dial tcp {address.text}: connect: {reason(state)}"


def no_socket(address: Address, error: OSError) -> str:
    """Return Go's text for a machine that has no socket to spare."""
    return f"dial tcp {address.text}: socket: {reason(error.errno or 0)}"


def reason(number: int) -> str:
    """Return Go's word for an errno: the C library's, with a small first letter."""
    text = os.strerror(number)
    return text[:1].lower() + text[1:]


def _settled(sock: socket.SocketType, address: Address, state: int) -> int:
    """Translate connect's answer; a socket connected to itself has found nobody.

    A client that asks a closed port of its own ephemeral range may be given that very port as
    its own, and TCP then connects it to itself (Go: net.selfConnect).
    """
    if state in (CONNECTED, errno.EISCONN):
        own = sock.getsockname()
        if own[1] == address.port and own == sock.getpeername():
            return errno.ECONNREFUSED
        return CONNECTED
    return PENDING if state == errno.EINPROGRESS else state
