"""A small HTTP server that a stranger cannot wear out: bounded connections, each bounded in time.

Imports aiohttp: import this late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

#: Connections at a time; one more is told that the service is busy.
MAX_CONNECTIONS = 128
#: Seconds from a connection's begin to the end of its answer.
LIFETIME = 10.0

_LAST_SECONDS = 0.2
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

Handle = Callable[[web.BaseRequest], Awaitable[web.Response]]


class HTTPService:
    """Answers one request per connection with what `handle` returns."""

    def __init__(
        self, handle: Handle, *, lifetime: float = LIFETIME, max_connections: int = MAX_CONNECTIONS
    ) -> None:
        self._handle = handle
        self._max_connections = max_connections
        self._server = _Server(self._answer, lifetime)

    def __call__(self) -> asyncio.BaseProtocol:
        if len(self._server.connections) >= self._max_connections:
            return refuse_busy()
        return self._server()

    async def close(self) -> None:
        """End all connections; a request that is being answered may take a moment."""
        await self._server.shutdown(_LAST_SECONDS)

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.method not in ("GET", "HEAD"):
            response = text(405, "method not allowed\n", Allow="GET, HEAD")
        else:
            response = await self._handle(request)
        response.force_close()
        return response


def text(status: int, body: str, **headers: str) -> web.Response:
    """A plain answer that nobody should keep."""
    return web.Response(
        status=status,
        text=body,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **headers},
    )


class _Server(web.Server):
    """Ends every connection when its time is over."""

    def __init__(self, handler: Handle, lifetime: float) -> None:
        super().__init__(handler, access_log=None, lingering_time=1.0)
        self._lifetime = lifetime
        self._limits: dict[RequestHandler, asyncio.TimerHandle] = {}

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        loop = asyncio.get_running_loop()
        self._limits[handler] = loop.call_later(self._lifetime, transport.abort)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        self._limits.pop(handler).cancel()
        super().connection_lost(handler, exc)


def refuse_busy() -> asyncio.BaseProtocol:
    """What answers a connection that is one too many."""
    return _Busy()


class _Busy(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(_BUSY)
        transport.close()
