"""How do bytes reach the server and come back, without a Task, Future or Transport in between?

On loopback the handshake is over when `connect` returns, so the first bytes are sent right after
it; only when that fails with EAGAIN does anybody wait for the connection (performance: the whole
exchange costs half of what Go's client needs). No SO_LINGER: it makes `close` sleep.
"""

from __future__ import annotations

import errno
import socket
from typing import Protocol

from agent.action.dial import Endpoint
from agent.action.http.text import errno_text, join_host_port
from agent.host.reactor import READ, WRITE, Reactor

#: A probe reads at most 10 KiB of body; more than this at once is never needed.
READ_SIZE = 16 * 1024
STREAM = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
_LOCAL = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
_HUNG_UP = frozenset((errno.EPIPE, errno.ECONNRESET))


class Listener(Protocol):
    """Who owns a connection; every call but `received` is the last one, and closes it first."""

    def received(self, data: bytes) -> None:
        """The server sent this."""
        ...

    def ended(self) -> None:
        """The server will not send more."""
        ...

    def unreachable(self, text: str) -> None:
        """There is no connection; the text begins with `dial tcp`."""
        ...

    def exhausted(self, text: str) -> None:
        """This machine cannot open a connection now, which says nothing about the server."""
        ...

    def broken(self, text: str) -> None:
        """The connection failed; the text begins with `read tcp`."""
        ...


class Connection:
    """One TCP connection, and the bytes still to be sent on it."""

    __slots__ = (
        "_fd",
        "_listener",
        "_lost",
        "_reactor",
        "_socket",
        "_unsent",
        "endpoint",
        "is_closed",
        "is_connecting",
    )

    def __init__(self, reactor: Reactor, listener: Listener, endpoint: Endpoint) -> None:
        self._reactor = reactor
        self._listener = listener
        self.endpoint = endpoint
        self._fd = -1  # registered when not negative
        self._lost = 0
        self._unsent = b""
        self.is_closed = False
        self.is_connecting = True
        self._socket: socket.SocketType | None = None

    def open(self, data: bytes, *, no_delay: bool = False) -> None:
        """Connect and send; the listener may be called before this returns."""
        try:
            # Not socket.socket, which wraps this one in Python: 3 us a probe.
            self._socket = sock = socket.SocketType(self.endpoint.family, STREAM)
        except OSError as exc:
            self._refuse(exc.errno or 0, "socket")
            return
        if no_delay:  # else each flight of a TLS handshake waits 40 ms for an acknowledgement
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        failure = sock.connect_ex(self.endpoint.sockaddr)
        if failure not in (0, errno.EINPROGRESS):
            self.refused_by(failure)
            return
        self._unsent = data
        if self._flush() and not self.is_closed and self._fd < 0:
            self._watch(READ)

    def adopt(self, sock: socket.SocketType, fd: int, unsent: bytes) -> None:
        """Go on with a connection that was begun elsewhere; `fd` is negative if nobody watches it.

        What happened to it last is to be told next: `refused_by`, `sent`, `not_sent`, `arrived` or
        `not_received`.
        """
        self._socket = sock
        self._unsent = unsent
        self.is_connecting = bool(unsent)
        if fd >= 0:
            self._fd = fd
            self._reactor.pass_on(fd, self)

    def send(self, data: bytes) -> None:
        """Send more, now or when the server takes it."""
        if self._unsent:
            self._unsent += data
            return
        self._unsent = data
        self._flush()

    def close(self) -> None:
        """Let go of it; the listener hears nothing more."""
        self.is_closed = True
        if self._fd >= 0:
            self._reactor.unregister(self._fd)  # before closing: see agent.host.reactor
            self._fd = -1
        if self._socket is not None:
            self._socket.close()

    def is_own_echo(self) -> bool:
        """Whether we are connected to ourselves: TCP allows that when nobody listens on a port."""
        assert self._socket is not None
        try:
            return bool(self._socket.getsockname() == self._socket.getpeername())
        except OSError:
            return False

    def refused(self) -> str:
        """The text of a refused connection."""
        return f"dial tcp {self.endpoint.text}: connect: {errno_text(errno.ECONNREFUSED)}"

    def ready(self, events: int) -> None:
        """Called by the reactor; a stale event is harmless, since every call may say EAGAIN."""
        if self._unsent:
            if not self._flush() or self.is_closed:
                return
            self._reactor.modify(self._fd, READ)
        if events & ~WRITE:
            self._receive()

    def _watch(self, events: int) -> None:
        assert self._socket is not None
        if self._fd < 0:
            self._fd = self._socket.fileno()
            self._reactor.register(self._fd, self, events)
        else:
            self._reactor.modify(self._fd, events)

    def _flush(self) -> bool:
        """Send what is unsent; True when nothing is left."""
        assert self._socket is not None
        try:
            count = self._socket.send(self._unsent)
        except OSError as exc:
            self.not_sent(exc.errno or 0)
            return False
        return self.sent(count)

    def sent(self, count: int) -> bool:
        """So many bytes are gone; True when nothing is left."""
        self._unsent = self._unsent[count:]
        self.is_connecting = False
        if self._unsent:
            self._watch(READ | WRITE)
            return False
        return True

    def not_sent(self, number: int) -> None:
        """Sending failed with this errno, perhaps for the moment only."""
        if number == errno.EAGAIN:
            self._watch(WRITE if self._fd < 0 else READ | WRITE)
            return
        if self.is_connecting and number not in _HUNG_UP:
            self.refused_by(number)
            return
        # The server may have answered before it hung up; whatever it said is still there.
        self._unsent = b""
        self.is_connecting = False
        self._lost = number
        if self._fd < 0:
            self._watch(READ)
        self._receive()

    def _receive(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError as exc:
            self.not_received(exc.errno or 0)
            return
        self.arrived(data)

    def arrived(self, data: bytes) -> None:
        """The server sent this, or nothing because it will not send more."""
        if data:
            self._listener.received(data)
        elif self._lost:
            self.not_received(errno.ECONNRESET)
        else:
            self.close()
            self._listener.ended()

    def refused_by(self, number: int) -> None:
        """Connecting failed with this errno."""
        self._refuse(number, "connect")

    def _refuse(self, number: int, what: str) -> None:
        self.close()
        text = f"dial tcp {self.endpoint.text}: {what}: {errno_text(number)}"
        if number in _LOCAL:
            self._listener.exhausted(text)
        else:
            self._listener.unreachable(text)

    def not_received(self, number: int) -> None:
        """Receiving failed with this errno, for good."""
        assert self._socket is not None
        local, remote = "", self.endpoint.text
        try:
            name = self._socket.getsockname()
            local = join_host_port(str(name[0]), int(name[1]))
        except OSError:
            local = "?"
        self.close()
        self._listener.broken(f"read tcp {local}->{remote}: read: {errno_text(number)}")
