"""Our ends of the pipes or the terminal of a process that somebody talks to.

Nothing is read before somebody wants more and nothing is kept: whoever is slow slows the other.
"""

from __future__ import annotations

import asyncio
import os

from agent.host.reactor import READ, WRITE, Reactor

_CHUNK = 64 * 1024


class _End:
    """A descriptor, ours from now on, and the one who waits for it."""

    __slots__ = ("_fd", "_reactor", "_waiter")

    def __init__(self, reactor: Reactor, fd: int) -> None:
        os.set_blocking(fd, False)
        self._reactor = reactor
        self._fd = fd
        self._waiter: asyncio.Future[None] | None = None

    def ready(self, events: int) -> None:
        """The one who waits may go on."""
        self._let_go()

    def close(self) -> None:
        """Close the descriptor; whoever waits finds it closed. May be called again."""
        if self._fd >= 0:
            self._let_go()
            os.close(self._fd)
            self._fd = -1

    async def _wait(self, events: int) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        self._reactor.register(self._fd, self, events)
        try:
            await self._waiter
        finally:
            self._let_go()

    def _let_go(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            self._reactor.unregister(self._fd)
            if not waiter.done():
                waiter.set_result(None)


class ReadEnd(_End):
    """Where a process writes to; one reader at a time."""

    __slots__ = ()

    async def read(self) -> bytes:
        """The next piece, 64 KiB at most; empty at the end.

        Every call lets the loop turn once: a process that never pauses starves nobody.
        """
        while self._fd >= 0:
            await self._wait(READ)
            if self._fd < 0:
                break
            try:
                return os.read(self._fd, _CHUNK)
            except BlockingIOError:
                continue
            except OSError:  # EIO: nobody holds the other side of the terminal any more
                break
        return b""


class WriteEnd(_End):
    """Where a process reads from; one writer at a time."""

    __slots__ = ()

    async def write(self, data: bytes) -> None:
        """Write all of it, as the process takes it; `BrokenPipeError` when it takes no more."""
        view = memoryview(data)
        while view:
            if self._fd < 0:
                raise BrokenPipeError
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                await self._wait(WRITE)
            except OSError as exc:
                raise BrokenPipeError(exc.errno or 0, exc.strerror or "") from exc
