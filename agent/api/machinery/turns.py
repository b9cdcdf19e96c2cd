"""Who computes when: one request in a turn of the event loop, in the order in which they came.

What fifty clients ask at the same moment would otherwise be answered in one turn, and whatever is
due meanwhile, a probe or a restart, would wait for all of it. A restart takes several turns of the
loop, so that some of them are left to others after each request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

#: Turns of the loop that belong to others after each request that is followed by another one.
LEFT_TO_OTHERS: Final = 4


class Turns:
    """A turn lasts until its owner waits for something; the next one begins when all else had one.

    It is no lock: who waits for the disk in his turn does not hold up the others.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_taken = False

    async def take(self) -> None:
        """Wait for a turn; at once if nobody has had this one."""
        loop = asyncio.get_running_loop()
        if not self._is_taken:
            self._is_taken = True
            loop.call_soon(self._pass_on, LEFT_TO_OTHERS)
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _pass_on(self, left: int) -> None:
        """The next turn: to the first who still wants it, when others had theirs."""
        loop = asyncio.get_running_loop()
        if left:
            loop.call_soon(self._pass_on, left - 1)
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # its request was cancelled
                turn.set_result(None)
                loop.call_soon(self._pass_on, LEFT_TO_OTHERS)
                return
        self._is_taken = False
