"""A SPDY client, as far as one is needed to see what a server does."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agent.api.streaming.spdy import frames
from agent.api.streaming.spdy.headers import Deflater, Inflater
from tests.support.streaming import Server


class Client:
    """One connection; what came on each stream is in `received`, the ended ones in `ended`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.received: dict[int, bytes] = defaultdict(bytes)
        self.replied: set[int] = set()
        self.ended: set[int] = set()
        self.reset: set[int] = set()
        self.pings: list[bytes] = []
        self.windows: dict[int, int] = defaultdict(int)
        self.went_away = False
        self._frames = frames.Reader()
        self._inflater = Inflater()
        self._deflater = Deflater()
        self._last = -1

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def open(self, *, is_last: bool = False, **headers: str) -> int:
        """Open a stream; its number."""
        self._last += 2
        block = self._deflater.block(headers)
        flags = frames.FIN if is_last else 0
        await self.send(frames.write_of(frames.SYN_STREAM, flags, self._last, bytes(6) + block))
        return self._last

    async def pair(self, port: int, request: str = "0") -> tuple[int, int]:
        """Open the streams of a forwarded connection: data and error."""
        error = await self.open(streamtype="error", port=str(port), requestid=request, is_last=True)
        data = await self.open(streamtype="data", port=str(port), requestid=request)
        return data, error

    async def hear(self) -> bool:
        """Take what has come; False when the server has closed."""
        data = await self.reader.read(65536)
        for frame in self._frames.feed(data):
            self._take(frame)
        return bool(data)

    async def until_ended(self, *streams: int) -> None:
        """Listen until the server has ended these streams."""
        while not self.ended.issuperset(streams):
            assert await self.hear(), f"closed; ended: {self.ended}"

    def _take(self, frame: frames.Frame) -> None:
        kind, flags, stream, payload = frame
        if kind == frames.DATA:
            self.received[stream] += payload
        elif kind == frames.SYN_REPLY:
            assert self._inflater.headers(payload) == {}
            self.replied.add(stream)
        elif kind == frames.RST_STREAM:
            self.reset.add(stream)
        elif kind == frames.PING:
            self.pings.append(payload)
        elif kind == frames.WINDOW_UPDATE:
            self.windows[stream] += frames.number(payload)
        elif kind == frames.GOAWAY:
            self.went_away = True
        if kind == frames.DATA and flags & frames.FIN:
            self.ended.add(stream)


@asynccontextmanager
async def upgraded(
    server: Server, what: str, query: str = "", *, protocols: str = "portforward.k8s.io"
) -> AsyncIterator[Client]:
    """A raw SPDY connection to a pod's subresource."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = (
        f"POST /api/v1/namespaces/default/pods/web/{what}?{query} HTTP/1.1",
        "Host: node",
        "Connection: Upgrade",
        "Upgrade: SPDY/3.1",
        *(f"X-Stream-Protocol-Version: {name}" for name in protocols.split()),
    )
    writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert f"X-Stream-Protocol-Version: {protocols.split()[0]}".encode() in head
        yield Client(reader, writer)
    finally:
        writer.close()
