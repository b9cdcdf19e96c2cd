"""Port-forward as older WebSocket clients do it: two channels, data and error, for each port.

Kubernetes: pkg/kubelet/cri/streaming/portforward/websocket.go. One connection for each port; since
these protocols know no end of a channel, the WebSocket is closed when all connections have ended.
"""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import WSMsgType, web

from agent.api.streaming.forwarding import Backend, Dialer, Refused, break_off, hang_up, next_output
from agent.api.streaming.pulse import pulse

PROTOCOLS: Final = ("v4.channel.k8s.io",)
#: A channel's number is one byte.
MAX_PORTS: Final = 128


class PortSockets:
    """The ports that one client asked for."""

    def __init__(
        self, socket: web.WebSocketResponse, ports: tuple[int, ...], dialer: Dialer
    ) -> None:
        self._socket = socket
        self._ports = ports
        self._dialer = dialer
        self._backends: dict[int, Backend] = {}

    async def run(self) -> None:
        """Serve until the client goes (ConnectionError) or all connections have ended."""
        try:
            for index, port in enumerate(self._ports):
                for channel in (2 * index, 2 * index + 1):
                    await self._send(channel, port.to_bytes(2, "little"))
                await self._connect(index, port)
            async with asyncio.TaskGroup() as group:
                beating = group.create_task(pulse(self._dialer.clock, self._socket.ping))
                listener = group.create_task(self._listen())
                async with asyncio.TaskGroup() as outputs:
                    for index, backend in self._backends.items():
                        outputs.create_task(self._output(index, backend))
                listener.cancel()
                beating.cancel()
        except BaseException:
            for backend in self._backends.values():
                break_off(backend)
            raise
        for backend in self._backends.values():
            hang_up(backend)
        await self._socket.close()

    async def _connect(self, index: int, port: int) -> None:
        try:
            self._backends[index] = await self._dialer.dial(port)
        except Refused as exc:
            await self._send(2 * index + 1, str(exc).encode())

    async def _output(self, index: int, backend: Backend) -> None:
        while data := await next_output(backend):
            await self._send(2 * index, data)

    async def _listen(self) -> None:
        while True:
            message = await self._socket.receive()
            if message.type is WSMsgType.BINARY:
                data = message.data
            elif message.type is WSMsgType.TEXT:
                data = message.data.encode()
            else:
                raise ConnectionResetError("the client has gone")
            if data:
                await self._input(data[0], data[1:])

    async def _input(self, channel: int, data: bytes) -> None:
        backend = self._backends.get(channel // 2) if channel % 2 == 0 else None
        if backend is None:
            return
        try:
            backend[1].write(data)
            await backend[1].drain()
        except OSError:  # it takes no more, and may still be sending
            return

    async def _send(self, channel: int, data: bytes) -> None:
        await self._socket.send_bytes(bytes((channel,)) + data)
