"""What handlers need of the machine: readiness of descriptors, and time (see agent.host)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agent.host.event_loop import Slot


class Watches(Protocol):
    """Tells when a descriptor is ready."""

    def register(self, fd: int, slot: Slot, events: int) -> None:
        """Watch until `unregister`."""
        ...

    def modify(self, fd: int, events: int) -> None:
        """Watch for other events from now on."""
        ...

    def unregister(self, fd: int) -> None:
        """Stop watching; comes before the descriptor is closed."""
        ...


class Timer(Protocol):
    """A callback that is due once."""

    def cancel(self) -> None:
        """Forget it."""
        ...


class Schedules(Protocol):
    """Calls back later."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call back after `delay` seconds."""
        ...
