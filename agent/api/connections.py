"""The connections of the API: kept alive, bounded in number and in patience.

A client that is slow to say what it wants, or to take what it wanted, does not keep its place.
Imports aiohttp: import this late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod
from aiohttp.web_protocol import RequestHandler

from agent.api.http_server import refuse_busy
from agent.api.machinery.errors import bad_request, unauthorized

#: Connections at a time; one more is told that the service is busy.
MAX_CONNECTIONS = 512
#: Seconds from a connection's begin to the end of its first request's head.
HEAD_SECONDS = 15.0
#: Seconds that a connection may be idle between two requests.
IDLE_SECONDS = 120.0

#: What we call ourselves; versions are for who is known.
SERVER = "barepod"

_LAST_SECONDS = 0.2
_LONGEST_LINE = 16 * 1024

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class APIService:
    """Answers the requests of many connections with what `handle` returns."""

    def __init__(
        self,
        handle: Handle,
        *,
        max_connections: int = MAX_CONNECTIONS,
        head_seconds: float = HEAD_SECONDS,
    ) -> None:
        self._max_connections = max_connections
        self._server = _Server(handle, head_seconds)

    def __call__(self) -> asyncio.BaseProtocol:
        if len(self._server.connections) >= self._max_connections:
            return refuse_busy()
        return self._server()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._server.connections)

    async def close(self) -> None:
        """End all connections; a request that is being answered may take a moment."""
        await self._server.shutdown(_LAST_SECONDS)
        await self._server.abandon()


class _Connection(RequestHandler):
    """Tells who does not speak HTTP no more than that, and nobody else anything of it."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what could not be parsed: who asks by no method is nobody."""
        if request.writer.output_size > 0:
            raise ConnectionResetError("the answer has begun already")
        refusal = bad_request("this is not HTTP as it is spoken here")
        if isinstance(exc, BadHttpMethod):
            refusal = unauthorized()
        response = web.Response(
            status=refusal.status.code,
            body=msgspec.json.encode(refusal.status),
            headers={"Server": SERVER, "Content-Type": "application/json"},
        )
        response.force_close()
        return response


class _Server(web.Server):
    """Ends a connection that does not say in time what it wants."""

    def __init__(self, handle: Handle, head_seconds: float) -> None:
        super().__init__(
            self._begin,
            handler_cancellation=True,
        )
        self._answer = handle
        self._head_seconds = head_seconds
        self._timers: dict[RequestHandler, asyncio.TimerHandle] = {}
        self._transports: dict[RequestHandler, asyncio.Transport] = {}
        self._all_lost = asyncio.Event()

    def __call__(self) -> RequestHandler:
        options: dict[str, Any] = {"access_log": None}
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=1.0,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            **options,
        )

    async def _begin(self, request: web.BaseRequest) -> web.StreamResponse:
        if (timer := self._timers.pop(request.protocol, None)) is not None:
            timer.cancel()
        return await self._answer(request)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._transports[handler] = transport
        loop = asyncio.get_running_loop()
        self._timers[handler] = loop.call_later(self._head_seconds, transport.abort)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        if (timer := self._timers.pop(handler, None)) is not None:
            timer.cancel()
        self._transports.pop(handler, None)
        super().connection_lost(handler, exc)
        if not self._transports:
            self._all_lost.set()

    async def abandon(self) -> None:
        """End what still takes its leave: TLS has a word for that, and a client may be slow."""
        self._all_lost.clear()
        for transport in tuple(self._transports.values()):
            transport.abort()
        if self._transports:
            await self._all_lost.wait()
