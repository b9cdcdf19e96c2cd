"""A client and a process that talk to each other, until the process ends or the client goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from aiohttp import web

from agent.api.streaming import upgrade
from agent.api.streaming.channels import WEBSOCKET_PROTOCOLS, Channels, WebSocketChannels
from agent.api.streaming.node import StreamingNode
from agent.api.streaming.options import StreamOptions
from agent.api.streaming.spdy.channels import PROTOCOLS, SpdyChannels
from agent.host.pipe_ends import WriteEnd

Talk = Callable[[Channels], Awaitable[None]]


class HasInput(Protocol):
    """A process that somebody may type to."""

    stdin: WriteEnd | None

    async def end_input(self) -> None: ...
    def resize(self, columns: int, rows: int) -> None: ...


class ProcessEars:
    """Passes on what a client says; what a process does not want to hear is forgotten."""

    def __init__(self, process: HasInput) -> None:
        self._process = process

    async def typed(self, data: bytes) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                await self._process.stdin.write(data)

    async def ended(self) -> None:
        with suppress(BrokenPipeError):
            await self._process.end_input()

    def resized(self, columns: int, rows: int) -> None:
        self._process.resize(columns, rows)


async def converse(
    request: web.BaseRequest, options: StreamOptions, node: StreamingNode, talk: Talk
) -> web.StreamResponse:
    """Upgrade the request, and let `talk` do the rest. Raises Refusal before the upgrade."""
    by_websocket = upgrade.is_websocket(request)
    visit = node.visits.begin(request)
    if by_websocket:
        socket = await upgrade.websocket(request, WEBSOCKET_PROTOCOLS)
        async with visit:
            await talk(WebSocketChannels(socket, node.machine.clock))
        return socket
    carrier, protocol, response = await upgrade.spdy(request, PROTOCOLS)
    channels = SpdyChannels(carrier, protocol, options, node.machine.clock)
    async with visit, beside(channels.serve()) as serving:
        if await channels.ready():
            await talk(channels)
            await channels.goodbye(serving)
    return response


@asynccontextmanager
async def beside(serving: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Something that goes on as long as the client is there: its end ends the block.

    The block then fails with a group of one `ConnectionError`, which a visit takes for what it is.
    """

    async def serve() -> None:
        await serving
        raise ConnectionResetError("the client has gone")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(serve())
        yield task
        task.cancel()
