"""How does one httpGet run from the first byte to the verdict, redirects included?"""

from __future__ import annotations

import socket
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from agent.action.dial import Endpoint
from agent.action.handler import Role
from agent.action.http import ordinary
from agent.action.http.connection import STREAM, Connection, Listener
from agent.action.http.mime import ProtocolError
from agent.action.http.redirect import LIMIT, LocationError, follow, is_redirect, shown
from agent.action.http.request import Hop, Request, prepare
from agent.action.http.response import Head, ResponseReader
from agent.action.resolve import Address, Answer, Cancellable, LookupFailure
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler, Timer

if TYPE_CHECKING:
    import ssl

    from agent.action.http.tls import TLSStream

#: Bytes of the body that are read, and of the body of a redirect that is followed.
MAX_BODY = 10 * 1024
_MAX_SLURP = 2 * 1024
#: Seconds (net/http DefaultTransport; apimachinery SetTransportDefaults).
_HANDSHAKE_TIMEOUT = 10.0
_DIAL_TIMEOUT = 30.0
_SWITCHING = 101
_BROKEN = "net/http: HTTP/1.x transport connection broken: "
_LATE = "context deadline exceeded"
_LATE_HEAD = _LATE + " (Client.Timeout exceeded while awaiting headers)"
_LATE_BODY = _LATE + " (Client.Timeout or context cancellation while reading body)"


class Resolves(Protocol):
    """Where names become addresses (agent.action.resolve)."""

    def known(self, host: str) -> tuple[Address, ...] | None: ...

    def lookup(self, host: str, tell: Callable[[Answer], None]) -> Cancellable: ...


class Network:
    """What every exchange needs of this machine; one for the whole agent."""

    __slots__ = ("_context", "reactor", "resolver", "scheduler")

    def __init__(self, *, reactor: Reactor, scheduler: Scheduler, resolver: Resolves) -> None:
        self.reactor = reactor
        self.scheduler = scheduler
        self.resolver = resolver
        self._context: ssl.SSLContext | None = None

    def socket(self, endpoint: Endpoint) -> socket.SocketType:
        """A socket that does not wait (OSError: this machine has none to spare)."""
        # Not socket.socket, which wraps this one in Python: 3 us a probe.
        return socket.SocketType(endpoint.family, STREAM)

    def connection(self, listener: Listener, endpoint: Endpoint) -> Connection:
        """A connection that is not open yet."""
        return Connection(self.reactor, listener, endpoint)

    def tls(self, host: str, owner: Exchange, request: bytes) -> TLSStream:
        """TLS for one connection; OpenSSL is loaded by the first that asks."""
        from agent.action.http import tls

        if self._context is None:
            self._context = tls.make_context()
        return tls.TLSStream(self._context, host, owner, request)


class Stage(Enum):
    """How far an exchange has come."""

    HEAD = "head"  # name, connection, TLS, and waiting for the answer
    SLURP = "slurp"  # the body of a redirect that is followed
    BODY = "body"
    DONE = "done"


class Ended(Protocol):
    """Who hears how an exchange ended; exactly one of these is called, once."""

    def answered(self, status: int, body: bytes) -> None:
        """The final response, with at most MAX_BODY bytes of its body."""
        ...

    def failed(self, url: bytes, reason: str) -> None:
        """There was no response from `url`."""
        ...

    def body_failed(self, reason: str) -> None:
        """The response broke off within its body."""
        ...

    def impossible(self, url: bytes, reason: str) -> None:
        """This machine could not ask."""
        ...


class Exchange:
    """One GET and the redirects it leads to; the owner of at most one connection at a time."""

    __slots__ = (
        "_connection",
        "_ended",
        "_hop",
        "_limit",
        "_lookup",
        "_network",
        "_next",
        "_original",
        "_others",
        "_reader",
        "_refusal",
        "_requests",
        "_role",
        "_stage",
        "_timer",
        "_tls",
    )

    def __init__(self, network: Network, hop: Hop, role: Role, ended: Ended) -> None:
        self._network = network
        self._hop = hop
        self._original = hop.request
        self._role = role
        self._ended = ended
        self._stage = Stage.HEAD
        self._requests = 0
        self._next: Request | None = None
        self._limit = 0
        self._others: tuple[Endpoint, ...] = ()
        self._refusal = ""
        self._reader: ResponseReader | None = None
        self._connection: Connection | None = None
        self._tls: TLSStream | None = None
        self._lookup: Cancellable | None = None
        self._timer: Timer | None = None

    def adopt(self, sock: socket.SocketType, fd: int, unsent: bytes) -> Connection:
        """Instead of `begin`: go on with the first connection of a plain request (see there)."""
        assert self._hop.endpoints is not None  # or nobody could have begun
        self._requests += 1
        self._connection = self._network.connection(self, self._hop.endpoints[0])
        self._connection.adopt(sock, fd, unsent)
        return self._connection

    def begin(self) -> None:
        """Send the request; may end before it returns."""
        hop = self._hop
        self._requests += 1
        if hop.refusal:
            self._fail(hop.refusal)
        elif hop.endpoints is not None:
            self._connect(hop.endpoints)
        else:
            known = self._network.resolver.known(hop.host)
            if known is not None:
                self._found(known)
            else:
                self._lookup = self._network.resolver.lookup(hop.host, self._found)

    def expire(self) -> None:
        """The time for everything together is over."""
        stage, head = self._stage, self._head
        if stage is Stage.DONE:
            return
        is_secure = self._tls is not None and self._tls.is_secure
        self._finish()
        if stage is Stage.BODY and head is not None:
            if self._role is Role.LIFECYCLE or head.status == _SWITCHING:
                self._ended.answered(head.status, b"")
            else:
                self._ended.body_failed(_LATE_BODY)
            return
        if stage is Stage.SLURP:
            self._go_on(late=True)
            return
        url = shown(self._hop.request.url)
        is_short = self._hop.request.is_tls and not is_secure
        self._ended.failed(url, self._late(is_short))

    def _late(self, is_short: bool) -> str:
        """Go adds nothing before TLS stands, nor for hooks, which have no timeout."""
        return _LATE if is_short or self._role is Role.LIFECYCLE else _LATE_HEAD

    def cancel(self) -> None:
        """Stop; nobody hears of it."""
        self._finish()

    def received(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            whole = ordinary.read(data, MAX_BODY)
            if whole is not None:
                self._finish()
                self._ended.answered(*whole)
                return
            if data.startswith(b"GET ") and self._is_echo():
                return
            reader = self._reader = ResponseReader()
        reader.feed(data)
        self._advance(reader)

    def ended(self) -> None:
        reader = self._reader
        if reader is None:
            self._fail("EOF")
            return
        reader.end()
        self._advance(reader)

    def broken(self, text: str) -> None:
        if self._reader is None:
            self._fail(text)
        elif not self._reader.hides_errors:
            self._abort(text)
        else:
            self.ended()

    def unreachable(self, text: str) -> None:
        self._refusal = self._refusal or text
        if self._others:
            self._connect(self._others)
        else:
            self._fail(self._refusal)

    def exhausted(self, text: str) -> None:
        url = shown(self._hop.request.url)
        self._finish()
        self._ended.impossible(url, text)

    def _found(self, answer: Answer) -> None:
        self._lookup = None
        if isinstance(answer, LookupFailure):
            self._fail(f"dial tcp: {answer.text}")
        else:
            self._connect(tuple(Endpoint(address, self._hop.port) for address in answer))

    def _connect(self, endpoints: tuple[Endpoint, ...]) -> None:
        """Try the first; the others are kept in case it refuses."""
        endpoint, self._others = endpoints[0], endpoints[1:]
        hop, network = self._hop, self._network
        if not hop.request.is_tls:
            self._connection = connection = network.connection(self, endpoint)
            if self._role is Role.LIFECYCLE:
                self._arm(_DIAL_TIMEOUT, self._dial_took_long)
            connection.open(hop.data)
            return
        self._tls = stream = network.tls(hop.host, self, hop.data)
        self._connection = connection = network.connection(stream, endpoint)
        self._arm(_HANDSHAKE_TIMEOUT, self._handshake_took_long)
        stream.open(connection)

    def _is_echo(self) -> bool:
        """Give up when we are connected to ourselves: then nobody listens there."""
        if self._connection is None or not self._connection.is_own_echo():
            return False
        text = self._connection.refused()
        self._connection.close()
        self.unreachable(text)
        return True

    @property
    def _head(self) -> Head | None:
        return None if self._reader is None else self._reader.head

    def _advance(self, reader: ResponseReader) -> None:
        """Read on in what was received."""
        try:
            head = reader.read_head()
        except ProtocolError as exc:
            self._fail(_BROKEN + str(exc))
            return
        if head is None:
            return
        if self._stage is Stage.HEAD and not self._judge(head):
            return
        try:
            body = reader.read_body(self._limit)
        except ProtocolError as exc:
            self._abort(str(exc))
            return
        if body is not None:
            self._complete(head.status, body)

    def _judge(self, head: Head) -> bool:
        """Decide what the response means; False when that was the end."""
        self._stage = Stage.BODY
        self._limit = MAX_BODY
        if self._role is Role.LIFECYCLE and head.length > MAX_BODY:
            self._limit = 0  # a hook's response is thrown away, a long one unread
        if not is_redirect(head.status) or not head.location:
            return True
        try:
            self._next = follow(self._original, self._hop.request, head.location)
        except LocationError as exc:
            self._fail(str(exc))
            return False
        if self._next is not None:
            self._stage = Stage.SLURP
            self._limit = _MAX_SLURP if head.length <= _MAX_SLURP else 0
        return True

    def _complete(self, status: int, body: bytes) -> None:
        if self._stage is Stage.SLURP:
            self._go_on()
        else:
            self._finish()
            self._ended.answered(status, body)

    def _abort(self, text: str) -> None:
        """The connection failed after the head, or between two heads."""
        head = self._head
        if head is None:
            self._fail(_BROKEN + text)
        elif self._stage is Stage.SLURP or self._role is Role.LIFECYCLE:
            self._complete(head.status, b"")  # nobody reads it
        else:
            self._finish()
            self._ended.body_failed(text)

    def _go_on(self, *, late: bool = False) -> None:
        """Follow the redirect; `late` says that the time for it is over."""
        head, request = self._head, self._next
        assert head is not None  # the stage says so
        assert request is not None
        if self._requests >= LIMIT:
            self._finish()
            self._ended.failed(head.location, f"stopped after {LIMIT} redirects")
            return
        if late:
            self._finish()
            self._ended.failed(shown(request.url), self._late(request.is_tls))
            return
        self._release()
        self._hop = prepare(request, self._role)
        self._stage = Stage.HEAD
        self._reader = None
        self._refusal = ""
        self._next = None
        self.begin()

    def _fail(self, reason: str) -> None:
        self._finish()
        self._ended.failed(shown(self._hop.request.url), reason)

    def _finish(self) -> None:
        self._stage = Stage.DONE
        self._release()

    def _release(self) -> None:
        """Let go of connection, timer and question."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._tls = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lookup is not None:
            self._lookup.cancel()
            self._lookup = None

    def _arm(self, delay: float, callback: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._network.scheduler.call_later(delay, callback)

    def _handshake_took_long(self) -> None:
        if self._connection is None or self._tls is None or self._tls.is_secure:
            return
        if not self._connection.is_connecting:
            self._fail("net/http: TLS handshake timeout")
        elif self._role is Role.LIFECYCLE:
            self._arm(_DIAL_TIMEOUT - _HANDSHAKE_TIMEOUT, self._dial_took_long)

    def _dial_took_long(self) -> None:
        if self._connection is not None and self._connection.is_connecting:
            self._fail(f"dial tcp {self._connection.endpoint.text}: i/o timeout")
