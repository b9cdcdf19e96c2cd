"""How does a signal reach the event loop? As a byte in a pipe that the reactor watches.

Not by `loop.add_signal_handler`: that imports `inspect` (5 ms and 2 MB of a start) to look at the
callback. The two exclude each other, since a process has one such pipe: who needs a signal asks
the reactor.
"""

from __future__ import annotations

import os

# The module behind `signal`, which prints the former handler in vain: with asyncio's, a whole task.
from _signal import set_wakeup_fd, siginterrupt, signal  # type: ignore[import-not-found]
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.host.reactor import Reactor

_BYTES = 4096


class Signals:
    """The signals of this process, in the main thread; belongs to the one reactor."""

    __slots__ = ("_before", "_callbacks", "_reactor", "_read", "_wakeup_before", "_write")

    def __init__(self, reactor: Reactor) -> None:
        """OSError: no free descriptors."""
        self._reactor = reactor
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._before: dict[int, Any] = {}
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._wakeup_before = set_wakeup_fd(self._write, warn_on_full_buffer=False)
        reactor.register(self._read, self)

    def handle(self, signum: int, callback: Callable[[], None]) -> None:
        """Call back in the loop, once or more, after each arrival."""
        self._callbacks[signum] = callback
        before = signal(signum, _noted)
        self._before.setdefault(signum, before)
        siginterrupt(signum, False)

    def forget(self, signum: int) -> None:
        """What was before is again; harmless when nothing was handled."""
        if self._callbacks.pop(signum, None) is not None:
            signal(signum, self._before.pop(signum))

    def close(self) -> None:
        """Forget all."""
        for signum in tuple(self._callbacks):
            self.forget(signum)
        set_wakeup_fd(self._wakeup_before)
        self._reactor.unregister(self._read)
        os.close(self._read)
        os.close(self._write)

    def ready(self, events: int) -> None:
        """Each byte is the number of a signal that arrived."""
        try:
            arrived = os.read(self._read, _BYTES)
        except BlockingIOError:
            return
        for signum in dict.fromkeys(arrived):
            callback = self._callbacks.get(signum)
            if callback is not None:
                callback()


def _noted(_signum: int, _frame: FrameType | None) -> None:
    """The interpreter has written the number into the pipe already."""
