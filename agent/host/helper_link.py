"""The agent's end of one helper process: sends, queues, receives, notices its death."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.host import wire
from agent.host.clock import Clock
from agent.host.launch import Launched
from agent.host.process import Child
from agent.host.reactor import READ, WRITE, Reactor
from agent.host.wire import Channel, Packet

if TYPE_CHECKING:
    from agent.host.wire import Message


class HelperLink:
    """Hands messages to `on_message`, and calls `on_lost` once when the helper is no more."""

    __slots__ = (
        "_channel",
        "_is_finishing",
        "_on_lost",
        "_on_message",
        "_queue",
        "_reactor",
        "alive",
        "process",
    )

    def __init__(
        self,
        reactor: Reactor,
        launched: Launched,
        on_message: Callable[[Message, list[int]], None],
        on_lost: Callable[[HelperLink], None],
    ) -> None:
        self._reactor = reactor
        self._channel = Channel(launched.sock)
        self._on_message = on_message
        self._on_lost = on_lost
        self._queue: deque[Packet] = deque()
        self._is_finishing = False
        self.alive = True
        self.process = Child(reactor, launched.pid, os.pidfd_open(launched.pid))
        reactor.register(self._channel.sock.fileno(), self)
        # Its socket alone would not tell: a child that hangs in execve still shares it.
        self.process.on_exit(lambda _status: self.lose())

    def send(self, message: Message, fds: tuple[int, ...] = ()) -> None:
        """Send now or as soon as the helper takes it (OSError: no free descriptors)."""
        try:
            if not fds and not self._queue and self._channel.post(message, wait=False):
                return
        except ConnectionError:
            return  # `ready` is about to notice
        packet = Packet(message, fds)
        try:
            if not self._queue and self._channel.send(packet, wait=False):
                packet.close()
                return
        except ConnectionError:
            packet.close()
            return
        except OSError:
            packet.close()
            raise
        packet.keep()
        self._queue.append(packet)
        self._reactor.modify(self._channel.sock.fileno(), READ | WRITE)

    def ready(self, events: int) -> None:
        """The helper said something, takes more, or is gone."""
        if not self.alive:
            return
        try:
            if events & WRITE and self._flush():
                return
            received = self._channel.receive()
        except (EOFError, ConnectionError):
            self.lose()
            return
        if received is None:
            return
        if self._is_finishing:
            wire.close_all(tuple(received[1]))
        else:
            self._on_message(*received)

    def lose(self) -> None:
        """Give the helper up: it is dead or will be."""
        if not self.alive:
            return
        self.hang_up()
        self.process.signal(signal.SIGKILL)
        self._on_lost(self)

    async def finish(self, clock: Clock, seconds: float) -> None:
        """Hang up as soon as the helper has taken all that was sent, and wait for its end.

        One that missed its farewell would stay for a later agent. After so long it is killed.
        """
        self._is_finishing = True
        if self.alive and not self._queue:
            self.hang_up()
        try:
            async with clock.timeout(seconds):
                await self.process.wait()
        except TimeoutError:
            self.process.signal(signal.SIGKILL)
            await self.process.wait()

    def hang_up(self) -> None:
        """Close our end: the helper then finishes by itself."""
        self.alive = False
        self._reactor.unregister(self._channel.sock.fileno())
        self._channel.close()
        for packet in self._queue:
            packet.close()
        self._queue.clear()

    def _flush(self) -> bool:
        """Send what can be sent; whether that was the last and we have hung up."""
        while self._queue and self._channel.send(self._queue[0], wait=False):
            self._queue.popleft().close()
        if self._queue:
            return False
        if self._is_finishing:
            self.hang_up()
        else:
            self._reactor.modify(self._channel.sock.fileno(), READ)
        return self._is_finishing
