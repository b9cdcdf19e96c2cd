"""A WebSocket client that talks to exec and attach, as kubectl and the Python client do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.support.streaming import Server

V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"
END_OF_STDIN = b"\xff\x00"
_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE = range(5)


class Talk:
    """One session, from the client's side; what came so far is in `stdout` and `stderr`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.stdout = b""
        self.stderr = b""
        self.status: dict[str, Any] = {}

    async def type(self, data: bytes) -> None:
        await self.socket.send_bytes(bytes((_STDIN,)) + data)

    async def end_input(self) -> None:
        await self.socket.send_bytes(END_OF_STDIN)

    async def resize(self, columns: int, rows: int) -> None:
        size = json.dumps({"Width": columns, "Height": rows}).encode()
        await self.socket.send_bytes(bytes((_RESIZE,)) + size)

    async def hear(self) -> bool:
        """Take one message; False when the server has closed."""
        message = await self.socket.receive()
        if message.type is not aiohttp.WSMsgType.BINARY:
            return False
        channel, data = message.data[0], message.data[1:]
        if channel == _STDOUT:
            self.stdout += data
        elif channel == _STDERR:
            self.stderr += data
        elif channel == _STATUS:
            self.status = json.loads(data)
        return True

    async def until(self, text: bytes) -> None:
        """Listen until this was printed."""
        while text not in self.stdout:
            assert await self.hear(), f"closed after {self.stdout!r} {self.status}"

    async def end(self) -> dict[str, Any]:
        """Listen to the end; the status."""
        while await self.hear():
            pass
        return self.status

    @property
    def exit_code(self) -> int:
        """What the status says."""
        if self.status["status"] == "Success":
            return 0
        return int(self.status["details"]["causes"][0]["message"])


@asynccontextmanager
async def talking(
    server: Server, what: str, *command: str, protocol: str = V5, **options: str
) -> AsyncIterator[Talk]:
    """Open exec or attach; stdout and stderr are wanted unless said otherwise."""
    wanted = {"stdout": "true", "stderr": "true", **options}
    query = [("command", word) for word in command] + list(wanted.items())
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(
            server.url(what), params=query, protocols=(protocol,), max_msg_size=0
        ) as socket:
            assert socket.protocol == protocol
            yield Talk(socket)


def execing(server: Server, script: str, **options: str) -> Any:
    """Open exec with a shell script."""
    return talking(server, "exec", "sh", "-c", script, **options)
