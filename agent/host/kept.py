"""What the helper keeps for the next agent, as this agent sees it: copies, and who has been told.

Copies, because their owners close theirs when they see fit: a main process' pidfd is closed when
the process ends, and is worth keeping until the record of its end is written. Every new helper is
given all of them.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from agent.host import files, wire
from agent.host.clock import Clock
from agent.host.helper_link import HelperLink

if TYPE_CHECKING:
    from agent.host.wire import Message

_CHECK_SECONDS = 5.0


class Kept:
    """Descriptors by the names of containers, and what they are called there."""

    __slots__ = (
        "_checks",
        "_clock",
        "_fds",
        "_last_check",
        "_link",
        "_path",
        "_unknown",
        "_unsent",
    )

    def __init__(self, clock: Clock, path: str | None) -> None:
        """`path` is where a later agent asks; without one nothing is kept."""
        self._clock = clock
        self._path = path
        self._link: HelperLink | None = None
        self._fds: dict[str, dict[str, int]] = {}
        self._unsent: set[str] = set()  # names that the helper has not got whole
        self._unknown: dict[int, int] = {}  # pidfd and start of processes without a record
        self._checks: dict[int, asyncio.Future[str]] = {}
        self._last_check = 0

    @property
    def path(self) -> str:
        """What a helper is told of it; "" when nothing is kept."""
        return self._path or ""

    def connected(self, link: HelperLink) -> None:
        """A helper serves from now on: give it everything."""
        self._link = link
        for name in tuple(self._fds):
            self._give(link, name)

    def lost(self) -> None:
        """It serves no more."""
        self._link = None
        self._unknown.clear()
        for id_ in tuple(self._checks):
            self.checked(id_, (), "the spawner process died")

    def ended(self, helper: int) -> None:
        """A helper is no more: its socket leads nowhere."""
        if self._path is not None:
            files.remove(f"{self._path}.{helper}")

    def keep(self, name: str, fds: Mapping[str, int]) -> None:
        """See `Spawner.keep`."""
        if self._path is None:
            return
        copies = _copies(fds)
        self._forget(name)
        self._fds[name] = copies
        if self._link is not None:
            self._give(self._link, name)
        for fd in fds.values():
            self.known(fd)

    def drop(self, name: str) -> None:
        """See `Spawner.drop`."""
        if name in self._fds:
            self._forget(name)
            self._tell((wire.DROP, 0, name))

    def release(self, name: str, key: str) -> None:
        """See `Spawner.release`."""
        fd = self._fds.get(name, {}).pop(key, None)
        if fd is not None:
            os.close(fd)
            if self._link is not None:
                self._give(self._link, name)  # it stands for these from now on

    def close(self) -> None:
        """Close the copies; the helper has its own."""
        for name in tuple(self._fds):
            self._forget(name)

    def farewell(self) -> None:
        """The helper keeps nothing any more."""
        if self._path is not None:
            self._tell((wire.FAREWELL, 0))

    def born(self, pidfd: int, id_: int) -> None:
        """A main process was started: until it is `known`, the helper kills it if we are gone."""
        if self._path is not None:
            self._unknown[pidfd] = id_

    def known(self, pidfd: int) -> None:
        """Its pidfd is kept, or it has ended."""
        id_ = self._unknown.pop(pidfd, None)
        if id_ is not None:
            self._tell((wire.KNOWN, id_))

    async def check(self) -> str:
        """See `Spawner.check_kept`."""
        if self._path is None:
            return ""
        try:
            async with self._clock.timeout(_CHECK_SECONDS):
                problem = await self._check()
        except TimeoutError:
            problem = f"it has not answered for {_CHECK_SECONDS:.0f} s"
        except OSError as exc:
            problem = exc.strerror or str(exc)
        if not problem and self._unsent:
            problem = f"too few free descriptors for {', '.join(sorted(self._unsent))}"
        return problem and f"the keeper cannot keep everything: {problem}"

    def checked(self, id_: int, missing: tuple[str, ...], problem: str) -> None:
        """The helper's answer: what it has not got, and why nobody can ask it for the rest."""
        self._unsent.update(name for name in missing if name in self._fds)
        check = self._checks.get(id_)
        if check is not None and not check.done():
            check.set_result(problem)

    async def _check(self) -> str:
        if self._link is None:
            return "there is no spawner process"
        for name in tuple(self._unsent):
            self._give(self._link, name)
        self._last_check += 1
        id_ = self._last_check
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._checks[id_] = answer
        try:
            self._link.send((wire.CHECK, id_))
            return await answer
        finally:
            del self._checks[id_]

    def _give(self, link: HelperLink, name: str) -> None:
        """Let a helper keep it; what cannot be sent now is sent with the next check."""
        try:
            for message, fds in keep_messages(name, self._fds[name]):
                link.send(message, fds)
        except OSError:
            self._unsent.add(name)
        else:
            self._unsent.discard(name)

    def _tell(self, message: Message) -> None:
        if self._link is not None:
            try:
                self._link.send(message)
            except OSError:
                self._link.lose()

    def _forget(self, name: str) -> None:
        self._unsent.discard(name)
        wire.close_all(tuple(self._fds.pop(name, {}).values()))


def keep_messages(name: str, named: Mapping[str, int]) -> Iterator[tuple[Message, tuple[int, ...]]]:
    """What tells a helper to keep these: one message, or more if they are too many for one."""
    items = iter(named.items())
    further = False
    while (part := tuple(itertools.islice(items, wire.MAX_FDS))) or not further:
        keys, fds = tuple(key for key, _ in part), tuple(fd for _, fd in part)
        yield (wire.KEEP, 0, name, keys, further), fds
        further = True


def _copies(fds: Mapping[str, int]) -> dict[str, int]:
    copies: dict[str, int] = {}
    try:
        for key, fd in fds.items():
            copies[key] = os.dup(fd)
    except OSError:
        wire.close_all(tuple(copies.values()))
        raise
    return copies
