"""A SPDY connection and its streams, for those who read and write them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from agent.api.streaming.carrier import Carrier
from agent.api.streaming.pulse import pulse
from agent.api.streaming.spdy.frames import FramingError
from agent.api.streaming.spdy.session import Data, Event, Opened, Reset, Session
from agent.host.clock import Clock

#: How much may wait to be read in all streams before we stop listening to the peer.
_BACKLOG: Final = 1024 * 1024
_PIECE: Final = 32 * 1024


class Stream:
    """One stream that the peer opened; one reader and one writer at a time."""

    def __init__(self, connection: Connection, number: int, headers: dict[str, str]) -> None:
        self.headers = headers
        self._connection = connection
        self._number = number
        self._pieces: deque[bytes] = deque()
        self._has_ended = False
        self._is_finished = False
        self._is_lost = False
        self._is_ignored = False
        self._given_up = asyncio.Event()
        self._news = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether both sides have ended it."""
        return self._has_ended and self._is_finished

    async def read(self) -> bytes:
        """Some more bytes; empty at the end. `ConnectionError`: the peer gave it up or went."""
        while not self._pieces:
            if self._is_lost:
                raise ConnectionResetError("the stream was given up")
            if self._has_ended:
                return b""
            self._news.clear()
            await self._news.wait()
        data = self._pieces.popleft()
        await self._connection.consumed(self._number, len(data))
        return data

    async def write(self, data: bytes) -> None:
        """Send all of it; `ConnectionError` when the peer wants no more."""
        view = memoryview(data)
        while view:
            room = await self._connection.room(self._number)
            piece, view = view[: min(room, _PIECE)], view[min(room, _PIECE) :]
            await self._connection.send(self._number, bytes(piece))

    async def end(self) -> None:
        """Nothing more will be written."""
        self._is_finished = True
        await self._connection.finish(self._number)

    async def reset(self) -> None:
        """Give the stream up."""
        self.ignore()
        await self._connection.reset(self._number)

    def ignore(self) -> None:
        """Nobody reads it: what comes and came is forgotten."""
        self._is_ignored = True
        self._connection.dropped(self._number, sum(map(len, self._pieces)))
        self._pieces.clear()

    async def given_up(self) -> None:
        """Wait until the peer has given the stream up, whether or not it had ended it."""
        await self._given_up.wait()

    def lost(self) -> None:
        """No end will come."""
        self._is_lost = not self._has_ended
        self._given_up.set()
        self._news.set()

    def arrived(self, data: bytes, *, is_last: bool) -> int:
        """The connection got this for us; how much of it we keep."""
        keep = bool(data) and not self._is_ignored
        if keep:
            self._pieces.append(data)
        self._has_ended = self._has_ended or is_last
        self._news.set()
        return len(data) if keep else 0


class Connection:
    """Serves one peer; `opened` is called with each stream, which is accepted already."""

    def __init__(self, carrier: Carrier, clock: Clock, opened: Callable[[Stream], None]) -> None:
        self._carrier = carrier
        self._clock = clock
        self._opened = opened
        self._session = Session()
        self._streams: dict[int, Stream] = {}
        self._held = 0
        self._moved = asyncio.Event()
        self._is_over = False

    async def run(self) -> None:
        """Serve until the peer goes or breaks the protocol; then no stream gives or takes more."""
        try:
            async with asyncio.TaskGroup() as group:
                beating = group.create_task(pulse(self._clock, self._ping))
                await self._listen()
                beating.cancel()
        except* FramingError:
            with suppress(ConnectionError):
                await self._send(self._session.go_away())
        except* ConnectionError:
            pass
        finally:
            self._is_over = True
            for stream in self._streams.values():
                stream.lost()
            self._streams.clear()
            self._moved.set()

    async def consumed(self, number: int, size: int) -> None:
        """A stream's reader took so much."""
        self.dropped(number, size)
        with suppress(ConnectionError):  # the reader gets what came before
            await self._send(self._session.take_replies())

    def dropped(self, number: int, size: int) -> None:
        """So much is no longer held; the peer learns it with what is sent next."""
        self._held -= size
        self._session.consumed(number, size)
        self._moved.set()

    async def room(self, number: int) -> int:
        """Wait until something may be sent on a stream; how much."""
        while True:
            if self._is_over or not self._session.writes(number):
                raise ConnectionResetError("the stream is closed")
            if room := self._session.allowance(number):
                return room
            self._moved.clear()
            await self._moved.wait()

    async def send(self, number: int, data: bytes) -> None:
        """Send on a stream, if it still takes anything (ConnectionError: the peer has gone)."""
        await self._send(self._session.data(number, data))

    async def finish(self, number: int) -> None:
        """Send the end of a stream."""
        self._forget_if_over(number)
        await self._send(self._session.data(number, b"", is_last=True))

    async def reset(self, number: int) -> None:
        """Give a stream up."""
        stream = self._streams.pop(number, None)
        if stream is not None:
            stream.lost()
        await self._send(self._session.reset(number))

    async def _listen(self) -> None:
        while data := await self._carrier.read():
            for event in self._session.receive(data):
                await self._handle(event)
            await self._send(self._session.take_replies())
            self._moved.set()
            while self._held > _BACKLOG:
                self._moved.clear()
                await self._moved.wait()

    async def _ping(self) -> None:
        await self._send(self._session.take_replies() + self._session.ping())

    async def _handle(self, event: Event) -> None:
        match event:
            case Opened(number, headers):
                stream = self._streams[number] = Stream(self, number, headers)
                await self._send(self._session.accept(number))
                self._opened(stream)
            case Data(number, data, is_last):
                self._arrived(number, data, is_last=is_last)
            case Reset(number):
                if (lost := self._streams.pop(number, None)) is not None:
                    lost.lost()

    def _arrived(self, number: int, data: bytes, *, is_last: bool) -> None:
        stream = self._streams.get(number)
        kept = 0 if stream is None else stream.arrived(data, is_last=is_last)
        self._held += kept
        if kept < len(data):
            self._session.consumed(number, len(data) - kept)
        self._forget_if_over(number)

    def _forget_if_over(self, number: int) -> None:
        """Not when the session does: it may be some events ahead."""
        stream = self._streams.get(number)
        if stream is not None and stream.is_over:
            del self._streams[number]

    async def _send(self, data: bytes) -> None:
        if not data:
            return
        try:
            await self._carrier.write(data)
        except OSError as exc:
            raise ConnectionResetError("the peer has gone") from exc
