"""Who is being served over a long time, and is he still there?

A client that goes is noticed by the kernel's word that its side of the connection is closed, also
while nothing is read from it (see pulse.py); one whose machine is gone, by TCP's own keepalive.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final

from aiohttp import web

from agent.api.streaming.refusal import Refusal
from agent.host.reactor import Reactor

#: Sessions at a time: logs that are followed, exec, attach and port-forward together.
MAX_VISITS: Final = 256

_GONE: Final = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_KEEPALIVE: Final = (
    (socket.TCP_KEEPIDLE, 30),
    (socket.TCP_KEEPINTVL, 10),
    (socket.TCP_KEEPCNT, 3),
)


class Visits:
    """The sessions of one API server."""

    def __init__(self, reactor: Reactor, limit: int = MAX_VISITS) -> None:
        self._reactor = reactor
        self._limit = limit
        self._tasks: set[asyncio.Task[object]] = set()
        self._is_closed = False

    @property
    def count(self) -> int:
        """How many there are now."""
        return len(self._tasks)

    def begin(self, request: web.BaseRequest) -> Visit:
        """A context for a session: it ends when the client goes or we close. Raises Refusal."""
        if self._is_closed:
            raise Refusal(503, "ServiceUnavailable", "the server is shutting down")
        if len(self._tasks) >= self._limit:
            raise Refusal(
                429,
                "TooManyRequests",
                f"{self._limit} sessions (logs -f, exec, attach, port-forward) are open: "
                "end one of them and try again",
            )
        return Visit(request, self._reactor, self._tasks)

    async def close(self) -> None:
        """End all sessions, with what runs in them."""
        self._is_closed = True
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


class Visit:
    """One session, in the task that serves it. A client that went is no error: the block ends."""

    def __init__(
        self, request: web.BaseRequest, reactor: Reactor, tasks: set[asyncio.Task[object]]
    ) -> None:
        self._request = request
        self._reactor = reactor
        self._tasks = tasks
        self._task: asyncio.Task[object] | None = None
        self._watch: _Watch | None = None
        self._has_gone = False

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        assert self._task is not None
        self._tasks.add(self._task)
        transport = self._request.transport
        found = None if transport is None else transport.get_extra_info("socket")
        if found is not None and found.fileno() >= 0:
            _keep_alive(found)
            self._watch = _Watch(self._reactor, found.fileno(), self._went)
        else:
            asyncio.get_running_loop().call_soon(self._went)  # before we began

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        task, self._task = self._task, None
        assert task is not None
        self._tasks.discard(task)
        if self._watch is not None:
            self._watch.close()
        if self._has_gone and task.uncancel() == 0 and isinstance(exc, asyncio.CancelledError):
            return True
        return exc is not None and _means_gone(exc)

    def _went(self) -> None:
        if self._task is not None and not self._has_gone:
            self._has_gone = True
            self._task.cancel()


class _Watch:
    """A second descriptor of a connection, for the news of its end alone."""

    __slots__ = ("_fd", "_reactor", "_went")

    def __init__(self, reactor: Reactor, fd: int, went: Callable[[], None]) -> None:
        self._reactor = reactor
        self._went = went
        self._fd = os.dup(fd)
        reactor.register(self._fd, self, _GONE)

    def ready(self, events: int) -> None:
        self.close()
        self._went()

    def close(self) -> None:
        if self._fd >= 0:
            self._reactor.unregister(self._fd)
            os.close(self._fd)
            self._fd = -1


def _keep_alive(connection: socket.socket) -> None:
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):  # it has gone already
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in _KEEPALIVE:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _means_gone(exc: BaseException) -> bool:
    """Whether the client went while something was being sent to it."""
    if isinstance(exc, BaseExceptionGroup):
        return exc.split(ConnectionError)[1] is None
    return isinstance(exc, ConnectionError)
