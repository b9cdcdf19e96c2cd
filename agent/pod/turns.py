"""Who may do something that takes the loop for milliseconds, when a hundred want to at once?

One in each turn of the event loop, in the order in which they came. Between two of them the loop
does what is due: probes, output, requests.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """One of these for each kind of work of a node."""

    __slots__ = ("_is_taken", "_waiting")

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Return when it is one's turn: at once if nobody else took this one."""
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._pass_on)
            return
        mine = loop.create_future()
        self._waiting.append(mine)
        await mine

    def _pass_on(self) -> None:
        while self._waiting:
            following = self._waiting.popleft()
            if not following.done():  # one that was cancelled leaves its place to the next
                following.set_result(None)
                asyncio.get_running_loop().call_soon(self._pass_on)
                return
        self._is_taken = False
