"""The descriptors that the agent owns, in the epoll instance of the loop, without asyncio's help.

Registering here costs a fifth of `loop.add_reader`, and no Transport, Future or Task stands between
the kernel and the owner of a descriptor (host.event_loop). Rules for owners:

* call `unregister` before `os.close`: closing alone leaves the entry alive while a forked child
  still shares the open file;
* tolerate EAGAIN: a number closed and reused within one batch may receive a stale event;
* do little in `ready`: everything else waits meanwhile.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from contextlib import suppress

from agent.host import event_loop
from agent.host.event_loop import Slot
from agent.host.signals import Signals

READ = select.EPOLLIN
WRITE = select.EPOLLOUT
ERROR = select.EPOLLERR
HANGUP = select.EPOLLHUP


class Reactor:
    """Who owns which descriptor of those in the loop's wait (host.event_loop)."""

    __slots__ = ("_epoll", "_mine", "_signals", "_slots")

    def __init__(self) -> None:
        wait = event_loop.running().wait
        self._epoll = wait.epoll
        self._slots = wait.slots
        self._mine = set[int]()
        self._signals: Signals | None = None

    def register(self, fd: int, slot: Slot, events: int = READ) -> None:
        """Watch `fd`, level-triggered, until `unregister`; a descriptor has one slot at a time."""
        self._epoll.register(fd, events)
        self._slots[fd] = slot
        self._mine.add(fd)

    def modify(self, fd: int, events: int) -> None:
        """Watch for other events from now on; 0 pauses."""
        self._epoll.modify(fd, events)

    def pass_on(self, fd: int, slot: Slot) -> None:
        """The descriptor has another owner from now on; what is watched for stays the same."""
        self._slots[fd] = slot

    def unregister(self, fd: int) -> None:
        """Stop watching; must come before the descriptor is closed."""
        self._mine.remove(fd)
        del self._slots[fd]
        self._epoll.unregister(fd)

    def on_signal(self, signum: int, callback: Callable[[], None]) -> None:
        """Call back in the loop after each arrival of a signal; in the main thread only."""
        if self._signals is None:
            self._signals = Signals(self)
        self._signals.handle(signum, callback)

    def forget_signal(self, signum: int) -> None:
        """The signal does again what it did before."""
        if self._signals is not None:
            self._signals.forget(signum)

    def close(self) -> None:
        """Let go of descriptors and signals; the descriptors stay with their owners."""
        if self._signals is not None:
            self._signals.close()
            self._signals = None
        for fd in self._mine:
            del self._slots[fd]
            with suppress(OSError):  # its owner has closed it
                self._epoll.unregister(fd)
        self._mine.clear()
