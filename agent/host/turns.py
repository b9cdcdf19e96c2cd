"""Who may do something that takes the loop for milliseconds, when a hundred want to at once?

One after the other, in the order in which they came. Between two of them the loop does what else
is due: probes, output, restarts, requests.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """One of these for each kind of work. A turn lasts until its owner waits for something.

    It is no lock: who waits for the disk in his turn does not hold up the others.
    """

    __slots__ = ("_is_taken", "_left_to_others", "_waiting")

    def __init__(self, left_to_others: int = 0) -> None:
        """`left_to_others` turns of the loop are free after each one that somebody follows."""
        self._left_to_others = left_to_others
        self._is_taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def try_take(self) -> bool:
        """Take the turn if nobody has had this one; whether that is so."""
        if self._is_taken:
            return False
        self._is_taken = True
        asyncio.get_running_loop().call_soon(self._pass_on, self._left_to_others)
        return True

    async def take(self) -> None:
        """Return when it is one's turn: at once if nobody has had this one."""
        if not self.try_take():
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn

    def _pass_on(self, left: int) -> None:
        """The next turn, to the first who still wants it, when others had theirs."""
        loop = asyncio.get_running_loop()
        if left:
            loop.call_soon(self._pass_on, left - 1)
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # one that was cancelled leaves its place to the next
                turn.set_result(None)
                loop.call_soon(self._pass_on, self._left_to_others)
                return
        self._is_taken = False
