"""Is a client still there while we read nothing from it, since nobody takes what it sent?

Its goodbye would be behind what it sent before, so the kernel cannot tell us of it. But whatever is
sent to a closed connection is answered with a reset, and that does not queue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from agent.host.clock import Clock

#: Seconds between two beats.
SECONDS = 5.0


async def pulse(clock: Clock, beat: Callable[[], Awaitable[None]]) -> None:
    """Send something that means nothing, again and again; never returns."""
    while True:
        await clock.sleep(SECONDS)
        await beat()
