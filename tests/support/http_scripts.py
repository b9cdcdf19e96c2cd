"""HTTP exchanges without sockets: what a server says and does is written down beforehand."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.action import runner
from agent.action.dial import Endpoint
from agent.action.handler import Role, Target
from agent.action.http.client import Network
from agent.action.http.connection import Connection, Listener
from agent.action.http_get import HTTPGet
from agent.action.resolve import Address, Answer, Cancellable
from agent.action.result import ActionResult
from agent.host.reactor import Reactor
from agent.host.scheduler import Scheduler
from agent.model.handler import HTTPGetAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """What one connection brings: bytes, in pieces of some size, and how it goes on."""

    data: bytes = b""
    piece: int = 0  # bytes at a time; 0: all at once
    then: str = "close"  # or hang, reset, refuse, swallow


class ScriptedNetwork(Network):
    """Each new connection takes the next script; the last one is used again."""

    def __init__(self, scripts: Sequence[Says], *, resolver: Names | None = None) -> None:
        self.scheduler = Scheduler()
        super().__init__(
            reactor=Reactor(), scheduler=self.scheduler, resolver=resolver or Names({})
        )
        self._scripts = scripts
        self.connections: list[ScriptedConnection] = []

    @property
    def requests(self) -> list[bytes]:
        """What was sent on each connection."""
        return [connection.taken for connection in self.connections]

    def socket(self, endpoint: Endpoint) -> socket.SocketType:
        raise OSError(errno.EMFILE, "scripts have none")

    def connection(self, listener: Listener, endpoint: Endpoint) -> Connection:
        script = self._scripts[min(len(self.connections), len(self._scripts) - 1)]
        made = ScriptedConnection(self.reactor, listener, endpoint, script)
        self.connections.append(made)
        return made

    def close(self) -> None:
        """Let go of the loop; every connection must be closed by now."""
        self.scheduler.close()
        self.reactor.close()
        assert all(connection.is_closed for connection in self.connections)


class ScriptedConnection(Connection):
    """Plays its script once it is opened."""

    def __init__(
        self, reactor: Reactor, listener: Listener, endpoint: Endpoint, script: Says
    ) -> None:
        super().__init__(reactor, listener, endpoint)
        self._owner = listener
        self._script = script
        self.taken = b""

    def open(self, data: bytes, *, no_delay: bool = False) -> None:
        self.taken += data
        if self._script.then == "refuse":
            self.close()
            self._owner.unreachable(self.refused())
        elif self._script.then != "swallow":
            self.is_connecting = False
            asyncio.get_running_loop().call_soon(self._play)

    def send(self, data: bytes) -> None:
        self.taken += data

    def close(self) -> None:
        self.is_closed = True

    def is_own_echo(self) -> bool:
        return False

    def _play(self) -> None:
        data, size = self._script.data, self._script.piece or max(1, len(self._script.data))
        for start in range(0, len(data), size):
            if self.is_closed:
                return
            self._owner.received(data[start : start + size])
        if self.is_closed or self._script.then == "hang":
            return
        self.close()
        if self._script.then == "reset":
            self._owner.broken("read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer")
        else:
            self._owner.ended()


class Names:
    """A resolver that knows some names, and answers others never."""

    def __init__(self, known: dict[str, tuple[Address, ...]]) -> None:
        self._known = known
        self.asked: list[str] = []

    def known(self, host: str) -> tuple[Address, ...] | None:
        return self._known.get(host)

    def lookup(self, host: str, tell: Callable[[Answer], None]) -> Cancellable:
        self.asked.append(host)
        return self

    def cancel(self) -> None:
        self.asked.append("cancelled")


async def get(
    action: HTTPGetAction,
    network: ScriptedNetwork,
    *,
    role: Role = Role.PROBE,
    target: Target | None = None,
    seconds: float | None = 1.0,
) -> ActionResult:
    """Execute an httpGet handler once, as its caller does."""
    handler = HTTPGet(
        action, target or Target(address="127.0.0.1", ports=()), role, network=network
    )
    try:
        return await runner.run(handler, seconds, network.scheduler)
    finally:
        network.close()
