"""Which addresses does a host name have, without ever waiting for the answer?

Literal addresses are answered at once. Names are looked up in a thread of their own, since a name
server may take many seconds, and are kept for a short time: a probe asks every second.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Protocol

import msgspec

from agent.host.tasks import tell

#: Seconds for which an answer is used again; short, since Kubernetes asks anew each time.
KEEP = 5.0


class Address(msgspec.Struct, frozen=True):
    """Where to connect: a socket family and the numeric address in it."""

    family: int
    host: str
    scope: int = 0

    def at(self, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """The form that `socket.connect` takes."""
        if self.family == socket.AF_INET:
            return (self.host, port)
        return (self.host.partition("%")[0], port, 0, self.scope)


class LookupFailure(msgspec.Struct, frozen=True):
    """Why a name has no address; the text as a Go program gives it, without `dial tcp: `."""

    text: str


Answer = tuple[Address, ...] | LookupFailure
Lookup = Callable[[str], Answer]


class Cancellable(Protocol):
    """A question whose answer may be declined."""

    def cancel(self) -> None:
        """The callback is not called any more."""
        ...


@lru_cache(maxsize=256)  # the probes of a node share a few addresses
def literal(host: str) -> Address | None:
    """The address that is written out in `host`; None for a name."""
    if not host:
        return Address(socket.AF_INET, "127.0.0.1")  # as Go: the local system
    with suppress(OSError):
        socket.inet_pton(socket.AF_INET, host)
        return Address(socket.AF_INET, host)
    if ":" not in host:
        return None
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET6, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return Address(socket.AF_INET6, host, int(found[0][4][3]) if len(found[0][4]) > 3 else 0)


def ask_system(host: str) -> Answer:
    """Look the name up with the system's resolver; may take long."""
    if host.rstrip(".").rpartition(".")[2].isdigit():
        # The system takes "127.1" for an address, Go (and so Kubernetes) does not.
        return LookupFailure(f"lookup {host}: no such host")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as exc:
        if exc.errno in (socket.EAI_NONAME, socket.EAI_NODATA):
            return LookupFailure(f"lookup {host}: no such host")
        return LookupFailure(f"lookup {host}: {exc.strerror}")
    except (OSError, UnicodeError):
        return LookupFailure(f"lookup {host}: no such host")
    addresses = (
        Address(family, str(where[0]), int(where[3]) if len(where) > 3 else 0)
        for family, _, _, _, where in found
    )
    return tuple(dict.fromkeys(addresses)) or LookupFailure(f"lookup {host}: no such host")


class _Waiter:
    """One asker; `cancel` makes it deaf."""

    __slots__ = ("tell",)

    def __init__(self, tell: Callable[[Answer], None]) -> None:
        self.tell: Callable[[Answer], None] | None = tell

    def cancel(self) -> None:
        self.tell = None


class Resolver:
    """Answers from memory where it can, else later; one question per name is under way at most."""

    def __init__(self, *, ask: Lookup = ask_system) -> None:
        self._loop = asyncio.get_running_loop()
        self._ask = ask
        self._known: dict[str, tuple[float, tuple[Address, ...]]] = {}
        self._waiting: dict[str, list[_Waiter]] = {}

    def known(self, host: str) -> tuple[Address, ...] | None:
        """What can be said at once: a literal address, or a name asked for lately."""
        address = literal(host)
        if address is not None:
            return (address,)
        kept = self._known.get(host)
        if kept is None or kept[0] < self._loop.time():
            return None
        return kept[1]

    def lookup(self, host: str, tell: Callable[[Answer], None]) -> Cancellable:
        """Ask for a name; `tell` is called later, in the loop, never before this returns."""
        waiter = _Waiter(tell)
        waiting = self._waiting.get(host)
        if waiting is not None:
            waiting.append(waiter)
            return waiter
        self._waiting[host] = [waiter]
        # Not the loop's executor: the loop waits for that at its end, a name server for minutes.
        threading.Thread(
            target=self._work, args=(host,), name=f"lookup {host[:40]}", daemon=True
        ).start()
        return waiter

    def _work(self, host: str) -> None:
        answer = self._ask(host)
        tell(self._loop, lambda: self._answered(host, answer))

    def _answered(self, host: str, answer: Answer) -> None:
        if not isinstance(answer, LookupFailure):
            self._known[host] = (self._loop.time() + KEEP, answer)
        for waiter in self._waiting.pop(host):
            if waiter.tell is not None:
                waiter.tell(answer)
