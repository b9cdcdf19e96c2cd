"""Listen on an address: at once if possible, else as soon as it is free."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
from asyncio import sslproto
from collections.abc import Callable
from typing import Protocol

from agent.host.clock import Clock
from agent.host.port_holder import port_holder

#: Seconds between two attempts.
RETRY = 1.0
#: Seconds that a client may take to agree on TLS, and to take leave of it.
HANDSHAKE_SECONDS, SHUTDOWN_SECONDS = 10.0, 1.0
#: Bytes that are read from a TLS connection at a time. asyncio keeps a buffer of this size for each
#: connection, 256 KiB by default: 25 MB for a hundred watches that are idle.
TLS_READ = 16 * 1024


class Service(Protocol):
    """What answers on the connections of one listener."""

    def __call__(self) -> asyncio.BaseProtocol:
        """The protocol of a new connection."""
        ...

    async def close(self) -> None:
        """End all connections."""
        ...


class Listener:
    """One listening address, `HOST:PORT`; port 0 takes any.

    `problem` hears why it does not listen, once for each reason; `news` that it listens after all.
    """

    def __init__(
        self,
        name: str,
        address: str,
        service: Service,
        *,
        clock: Clock,
        problem: Callable[[str], None],
        news: Callable[[str], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` secures the connections."""
        host, _, port = address.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._name = name
        self._service = service
        self._clock = clock
        self._report = problem
        self._news = news
        self._tls = tls
        self._server: asyncio.Server | None = None
        self.trouble = f"{name}: not listening yet"

    @property
    def port(self) -> int:
        """The port on which it listens, or is going to."""
        if self._server is None:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    async def open(self) -> bool:
        """Try once; whether it listens now."""
        loop = asyncio.get_running_loop()
        if self._tls is not None:
            sslproto.SSLProtocol.max_size = TLS_READ  # there is no other way to tell it
        try:
            self._server = await loop.create_server(
                self._service,
                self._host,
                self._port,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=None if self._tls is None else SHUTDOWN_SECONDS,
            )
        except OSError as exc:
            trouble = f"{self._name}: cannot listen on {self._shown()}: {self._reason(exc)}"
            if trouble != self.trouble:
                self.trouble = trouble
                self._report(trouble)
            return False
        self.trouble = ""
        return True

    async def open_later(self) -> None:
        """Try until it listens."""
        while not await self.open():
            await self._clock.sleep(RETRY)
        self._news(f"{self._name}: listening on {self._shown()}")

    async def close(self) -> None:
        """Listen no more and end all connections."""
        if self._server is not None:
            self._server.close()
        await self._service.close()
        if self._server is not None:
            await self._server.wait_closed()

    def _shown(self) -> str:
        return f"[{self._host}]:{self.port}" if ":" in self._host else f"{self._host}:{self.port}"

    def _reason(self, exc: OSError) -> str:
        if exc.errno != errno.EADDRINUSE:
            number = exc.errno or 0
            if number > 0:  # asyncio puts a sentence of its own around the system's
                return os.strerror(number).lower()
            return (exc.strerror or str(exc)).lower()  # name resolution
        holder = port_holder(self._host, self._port)
        return f"address already in use by {holder}" if holder else "address already in use"
