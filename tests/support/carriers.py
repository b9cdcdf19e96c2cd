"""A carrier that only pretends, and a peer that speaks SPDY over it."""

from __future__ import annotations

import asyncio

from agent.api.streaming.spdy import frames
from agent.api.streaming.spdy.headers import Deflater


class FakeCarrier:
    """What a peer sends, and what it got."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self.written = b""
        self.is_broken = False

    async def read(self) -> bytes:
        return await self.incoming.get()

    async def write(self, data: bytes) -> None:
        if self.is_broken:
            raise ConnectionResetError
        self.written += data

    def frames(self) -> list[frames.Frame]:
        """What was written so far."""
        return list(frames.Reader().feed(self.written))

    def kinds(self) -> list[int]:
        return [frame.kind for frame in self.frames()]


class Peer:
    """Sends frames over a carrier; `b""` is its goodbye."""

    def __init__(self) -> None:
        self.carrier = FakeCarrier()
        self._deflater = Deflater()

    def send(self, data: bytes) -> None:
        self.carrier.incoming.put_nowait(data)

    def open(self, number: int, **headers: str) -> None:
        block = self._deflater.block(headers or {"streamtype": "data"})
        self.send(frames.write_of(frames.SYN_STREAM, 0, number, bytes(6) + block))


async def settle() -> None:
    """Let everybody go as far as he can without time passing."""
    for _ in range(30):
        await asyncio.sleep(0)
