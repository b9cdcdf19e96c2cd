"""One private epoll for all descriptors the agent owns, nested as a single descriptor in the loop.

Registering here costs a fifth of `loop.add_reader`, and no Transport, Future or Task stands between
the kernel and the owner of a descriptor. Rules for owners:

* call `unregister` before `os.close`: closing alone leaves the entry alive while a forked child
  still shares the open file;
* tolerate EAGAIN: a number closed and reused within one batch may receive a stale event;
* do little in `ready`: everything else waits meanwhile.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import Protocol

from agent.host.signals import Signals

READ = select.EPOLLIN
WRITE = select.EPOLLOUT
ERROR = select.EPOLLERR
HANGUP = select.EPOLLHUP

_BATCH = 256


class Slot(Protocol):
    """The owner of a registered descriptor."""

    def ready(self, events: int) -> None:
        """Called in the loop with the epoll events that are pending."""
        ...


class Reactor:
    """Dispatches readiness of descriptors to their slots, inside the running event loop."""

    __slots__ = ("_epoll", "_loop", "_signals", "_slots")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._slots: dict[int, Slot] = {}
        self._signals: Signals | None = None
        self._loop.add_reader(self._epoll.fileno(), self._drain)

    def register(self, fd: int, slot: Slot, events: int = READ) -> None:
        """Watch `fd`, level-triggered, until `unregister`; a descriptor has one slot at a time."""
        self._epoll.register(fd, events)
        self._slots[fd] = slot

    def modify(self, fd: int, events: int) -> None:
        """Watch for other events from now on; 0 pauses."""
        self._epoll.modify(fd, events)

    def pass_on(self, fd: int, slot: Slot) -> None:
        """The descriptor has another owner from now on; what is watched for stays the same."""
        self._slots[fd] = slot

    def unregister(self, fd: int) -> None:
        """Stop watching; must come before the descriptor is closed."""
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
        """Let go of the loop and of signals; the descriptors stay with their owners."""
        if self._signals is not None:
            self._signals.close()
            self._signals = None
        self._loop.remove_reader(self._epoll.fileno())
        self._slots.clear()
        self._epoll.close()

    def _drain(self) -> None:
        slots = self._slots
        for fd, events in self._epoll.poll(0, _BATCH):
            slot = slots.get(fd)
            if slot is None:
                continue
            try:
                slot.ready(events)
            except Exception as exc:  # noqa: BLE001 - one broken slot must not starve the others
                self._loop.call_exception_handler(
                    {"message": "descriptor slot failed", "exception": exc, "slot": slot}
                )
