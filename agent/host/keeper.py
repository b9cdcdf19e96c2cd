"""Take over what an earlier agent left to its keepers.

    taken = await take_over(path, reactor, clock)
    ...  # adopt the processes, spawner.keep everything that is still wanted
    if not await spawner.check_kept():
        taken.acknowledge()

The keepers go only when they are told to, so an agent that is killed in between loses nothing. A
keeper that is hung is waited for a bounded time, and what it holds is done without.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import marshal
import os
import stat
from typing import TYPE_CHECKING

from agent.host import files, keeping, wire
from agent.host.clock import Clock
from agent.host.reactor import Reactor
from agent.host.wire import Channel

if TYPE_CHECKING:
    import _socket

    from agent.host.wire import Message

_PATIENCE = 5.0


class Taken:
    """What keepers held: descriptors by name, which are the caller's, by the names of containers.

    `problems` has a sentence for each keeper that did not give everything.
    """

    __slots__ = ("_answered", "kept", "problems")

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, int]] = {}
        self.problems: list[str] = []
        self._answered: list[_socket.socket] = []

    def add(self, asked: _Asked) -> None:
        """Take what one keeper had; it is newer than what there is."""
        for name, fds in asked.kept.items():
            wire.close_all(tuple(self.kept.pop(name, {}).values()))
            self.kept[name] = fds
        self._answered.append(asked.sock)

    def acknowledge(self) -> None:
        """Let the keepers go: our own helper holds everything that is still wanted."""
        answer = marshal.dumps((wire.RELEASE,), 2)
        for sock in self._answered:
            with contextlib.suppress(OSError):  # it is gone already
                sock.send(answer)
        self.close()

    def close(self) -> None:
        """Without `acknowledge` before, the keepers go on and can be asked again."""
        for sock in self._answered:
            sock.close()
        self._answered.clear()


async def take_over(path: str, reactor: Reactor, clock: Clock) -> Taken:
    """Ask every keeper of `path` (see `Spawner`) for all it has; nothing there is nothing to take.

    Never raises for what is wrong with a keeper, and takes a few seconds at most. Before a spawner
    with this path is started.
    """
    taken = Taken()
    asked: list[_Asked] = []
    for place in _sockets(path):
        try:
            asked.append(_Asked(reactor, place))
        except ConnectionRefusedError:
            files.remove(place)  # whoever listened is gone
        except OSError as exc:
            taken.problems.append(f"cannot ask the keeper {place}: {exc.strerror or exc}")
    with contextlib.suppress(TimeoutError):
        async with clock.timeout(_PATIENCE):
            for one in asked:
                await one.done.wait()
    for one in asked:
        one.stop()
        if one.problem:
            one.discard()
            taken.problems.append(f"the keeper {one.place} {one.problem}")
        else:
            taken.add(one)
    return taken


class _Asked:
    """One keeper that is handing over."""

    __slots__ = ("_channel", "_count", "_reactor", "done", "kept", "place", "problem", "sock")

    def __init__(self, reactor: Reactor, place: str) -> None:
        """Connect (OSError); the keeper starts by itself."""
        self.place = place
        self.kept: dict[str, dict[str, int]] = {}
        self.problem = f"has not answered for {_PATIENCE:.0f} s"
        self.done = asyncio.Event()
        self.sock = keeping.call(place)
        self._channel = Channel(self.sock)
        self._count = 0
        self._reactor = reactor
        try:
            _, owner = keeping.peer(self.sock)
            if owner != os.geteuid():
                raise PermissionError(errno.EACCES, f"it runs as user {owner}")
            reactor.register(self.sock.fileno(), self)
        except OSError:
            self.sock.close()
            raise

    def ready(self, events: int) -> None:
        """The keeper said something, or is gone."""
        try:
            received = self._channel.receive()
            if received is None:
                return
            message, fds = received
            try:
                self._take(message, fds)
            finally:
                wire.close_all(fds)  # those that found no name
        except EOFError:
            self._finish("is gone")
        except OSError as exc:
            self._finish(f"cannot be read: {exc.strerror or exc}")
        except (ValueError, TypeError, LookupError):
            self._finish("does not speak like one")

    def stop(self) -> None:
        """Listen no more."""
        if not self.done.is_set():
            self._reactor.unregister(self.sock.fileno())

    def discard(self) -> None:
        """Without it: it keeps what it has."""
        for fds in self.kept.values():
            wire.close_all(tuple(fds.values()))
        self.sock.close()

    def _take(self, message: Message, fds: list[int]) -> None:
        kind, content = message
        if kind == wire.KEPT:
            self._count += len(fds)
            for name, names in content:
                part, fds[:] = fds[: len(names)], fds[len(names) :]
                self.kept.setdefault(name, {}).update(zip(names, part, strict=False))
        elif kind != wire.ALL:
            self._finish("does not speak like one")
        elif content != self._count:
            self._finish(f"could hand over only {self._count} of {content} descriptors")
        else:
            self._finish("")

    def _finish(self, problem: str) -> None:
        self.problem = problem
        self._reactor.unregister(self.sock.fileno())
        self.done.set()


def _sockets(path: str) -> list[str]:
    """Where keepers may listen, the oldest first."""
    folder, prefix = os.path.split(path)
    found: list[tuple[int, str]] = []
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    for name in names:
        if name.startswith(f"{prefix}.") and name[len(prefix) + 1 :].isdecimal():
            with contextlib.suppress(OSError):
                place = os.path.join(folder, name)
                at = os.stat(place, follow_symlinks=False)
                if stat.S_ISSOCK(at.st_mode):
                    found.append((at.st_mtime_ns, place))
    return [place for _, place in sorted(found)]
