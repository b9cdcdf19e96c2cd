"""A pipe of which a reactor watches one end."""

from __future__ import annotations

import os
from collections.abc import Callable

from agent.host.reactor import HANGUP, READ, Reactor


class Pipe:
    """`heard` is called with what arrives."""

    def __init__(self, reactor: Reactor, heard: Callable[[bytes], object]) -> None:
        self.read, self.write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._reactor = reactor
        self._heard = heard
        reactor.register(self.read, self)

    def ready(self, events: int) -> None:
        assert events & (READ | HANGUP)
        self._heard(os.read(self.read, 100))

    def say(self, text: bytes = b"x") -> None:
        os.write(self.write, text)

    def close(self) -> None:
        self._reactor.unregister(self.read)
        os.close(self.read)
        os.close(self.write)
