"""What carries bytes in both directions: a connection taken over, or a WebSocket's messages."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import WSMsgType, web

_CHUNK = 64 * 1024


class Carrier(Protocol):
    """A byte stream in both directions; whoever is slow slows the other."""

    async def read(self) -> bytes:
        """Some more bytes; empty when the other side has gone."""
        ...

    async def write(self, data: bytes) -> None:
        """Send all of it, as a whole; `ConnectionError` when the other side has gone."""
        ...


class RawCarrier:
    """A connection that speaks HTTP no more."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        try:
            return await self._reader.read(_CHUNK)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        if self._writer.is_closing():  # asyncio would log it some time later
            raise ConnectionResetError("the connection is closed")
        self._writer.write(data)
        await self._writer.drain()


class WebSocketCarrier:
    """The binary messages of a WebSocket, as kubectl tunnels SPDY."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        while True:
            message = await self._socket.receive()
            if message.type is not WSMsgType.BINARY:
                return b""
            if message.data:
                return bytes(message.data)

    async def write(self, data: bytes) -> None:
        await self._socket.send_bytes(data)
