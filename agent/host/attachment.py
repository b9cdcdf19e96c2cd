"""Somebody who looks at the output of a running container, and may type (CRI: Attach).

Output comes as it is written, from now on, unfinished lines included. The log thread waits for
nobody: what a slow spectator cannot take is left out, and he is told; the log has it all.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable

from agent.host.exec_session import resize
from agent.host.pipe_ends import WriteEnd
from agent.host.reactor import Reactor
from agent.host.streams import Streams
from agent.host.tasks import tell

_BACKLOG = 1024 * 1024

Piece = tuple[str, bytes]


class Attachment:
    """One spectator of one run; whoever opened it closes it.

    `stdin` is None if the container has none (any more), or it was not wanted.
    """

    def __init__(
        self, streams: Streams, reactor: Reactor, *, stdin: bool, end_input: Callable[[], None]
    ) -> None:
        """`end_input` ends the container's stdin for good. OSError: no free descriptors."""
        self._capture = streams.capture
        self._streams = streams
        self._end_input = end_input
        self._loop = asyncio.get_running_loop()
        self._pieces: deque[Piece] = deque()
        self._size = 0
        self._lost: dict[str, int] = {}
        self._news = asyncio.Event()
        self._is_closed = False
        wanted = streams.input if stdin else None
        self.stdin = None if wanted is None else WriteEnd(reactor, os.dup(wanted))
        self._capture.tap(self._tapped)
        self._capture.watch(self._watched)

    async def read(self) -> Piece | None:
        """The next piece of output and its stream; None when there will be no more."""
        while not self._pieces:
            if self._is_closed or self._capture.is_drained:
                return None
            self._news.clear()
            await self._news.wait()
        stream, data = self._pieces.popleft()
        self._size -= len(data)
        if not self._pieces:
            lost, self._lost = self._lost, {}
            for name, size in lost.items():
                self._keep(name, _gap(size, name))
        return stream, data

    async def end_input(self) -> None:
        """The container's stdin is at its end, for everybody; a terminal stays open."""
        self._end_input()

    def resize(self, columns: int, rows: int) -> None:
        """The container's terminal has this size now, as far as one may type there."""
        if self._streams.is_tty and self._streams.input is not None:
            resize(self._streams.input, columns, rows)

    def close(self) -> None:
        """Look no more. May be called again."""
        if not self._is_closed:
            self._is_closed = True
            self._capture.untap(self._tapped)
            self._capture.unwatch(self._watched)
            if self.stdin is not None:
                self.stdin.close()
            self._news.set()

    def _tapped(self, stream: str, data: bytes) -> None:
        """In the log thread."""
        if data:
            self._tell(lambda: self._arrived(stream, data))

    def _watched(self) -> None:
        """In the log thread: something was written, or the log has ended."""
        self._tell(self._news.set)

    def _tell(self, what: Callable[[], None]) -> None:
        tell(self._loop, what)

    def _arrived(self, stream: str, data: bytes) -> None:
        if self._size > _BACKLOG or stream in self._lost:
            self._lost[stream] = self._lost.get(stream, 0) + len(data)
            return
        self._keep(stream, data)
        self._news.set()

    def _keep(self, stream: str, data: bytes) -> None:
        self._pieces.append((stream, data))
        self._size += len(data)


def _gap(size: int, stream: str) -> bytes:
    return f"\n[barepod: {size} bytes of {stream} left out here: read too slowly]\n".encode()
