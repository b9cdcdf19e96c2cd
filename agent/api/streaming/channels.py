"""A client that talks to a process: what it says and what it hears, however it is connected."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

import msgspec
from aiohttp import WSMsgType, web

from agent.api.streaming.pulse import pulse
from agent.host.clock import Clock

_STDIN: Final = 0
_OUTPUT: Final = {"stdout": 1, "stderr": 2}
_STATUS: Final = 3
_RESIZE: Final = 4
_CLOSE: Final = 255

V5: Final = "v5.channel.k8s.io"
#: What is spoken on a WebSocket.
WEBSOCKET_PROTOCOLS: Final = (V5, "v4.channel.k8s.io")


class Ears(Protocol):
    """Who hears what the client says."""

    async def typed(self, data: bytes) -> None:
        """Input for the process; returns when that has taken it."""
        ...

    async def ended(self) -> None:
        """There is no more input."""
        ...

    def resized(self, columns: int, rows: int) -> None:
        """The client's terminal has this size."""
        ...


class Channels(Protocol):
    """One client; `ConnectionError` when it has gone."""

    async def listen(self, ears: Ears) -> None:
        """Pass on what the client says, until it has gone."""
        ...

    async def send(self, stream: str, data: bytes) -> None:
        """Send output ("stdout", "stderr")."""
        ...

    async def finish(self, status: bytes) -> None:
        """Tell how it ended, and say goodbye; nobody listens any more."""
        ...


class _Size(msgspec.Struct, frozen=True, rename="pascal"):
    width: int = 0
    height: int = 0


_sizes = msgspec.json.Decoder(_Size)


def hear_size(ears: Ears, data: bytes) -> None:
    """Pass a size on; what is none is of no consequence."""
    try:
        size = _sizes.decode(data)
    except msgspec.DecodeError:
        return
    ears.resized(size.width, size.height)


class WebSocketChannels:
    """The channels of a WebSocket: the first byte of a message says which."""

    def __init__(self, socket: web.WebSocketResponse, clock: Clock) -> None:
        self._socket = socket
        self._clock = clock
        self._can_end = socket.ws_protocol == V5

    async def listen(self, ears: Ears) -> None:
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(pulse(self._clock, self._socket.ping))
            await self._hear_all(ears)
            beating.cancel()

    async def _hear_all(self, ears: Ears) -> None:
        while True:
            message = await self._socket.receive()
            if message.type is WSMsgType.BINARY:
                data = message.data
            elif message.type is WSMsgType.TEXT:
                data = message.data.encode()  # the channel is a code point, not a digit
            else:
                return
            if data:
                await self._hear(ears, data[0], data[1:])

    async def _hear(self, ears: Ears, channel: int, data: bytes) -> None:
        if channel == _STDIN:
            await ears.typed(data)
        elif channel == _RESIZE:
            hear_size(ears, data)
        elif channel == _CLOSE and self._can_end and data[:1] == bytes((_STDIN,)):
            await ears.ended()

    async def send(self, stream: str, data: bytes) -> None:
        await self._socket.send_bytes(bytes((_OUTPUT[stream],)) + data)

    async def finish(self, status: bytes) -> None:
        await self._socket.send_bytes(bytes((_STATUS,)) + status)
        await self._socket.close()
