"""What do we tell the service manager, and what does it expect of us? (sd_notify, watchdog)

The protocol is one datagram of `KEY=value` lines to the socket that $NOTIFY_SOCKET names
(man sd_notify). Without that variable nobody listens, and nothing is said.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, MutableMapping

from agent.host.scheduler import Scheduler, Timer

_SOCKET, _WATCHDOG, _WATCHDOG_PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"


class Notifier:
    """Talks to the service manager; whatever goes wrong there never stops us."""

    def __init__(self, address: str = "") -> None:
        """`address` is a path, or `@name` for an abstract socket; "" when nobody listens."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._status = ""

    @property
    def is_heard(self) -> bool:
        """Whether a service manager listens."""
        return bool(self._address)

    def ready(self, status: str) -> None:
        """The start, or a reload, is complete."""
        self._status = status
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; said only when it is news."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={_line(text)}")

    def reloading(self) -> None:
        """The configuration is read again; `ready` must follow."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={microseconds}")

    def stopping(self, status: str) -> None:
        """The end has begun."""
        self._status = status
        self._send(f"STOPPING=1\nSTATUS={_line(status)}")

    def extend_timeout(self, seconds: float) -> None:
        """The stop may take that much longer than the unit's TimeoutStopSec allows."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def alive(self) -> None:
        """Keep the watchdog quiet."""
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
            try:
                sock.sendto(text.encode("utf-8", "replace"), self._address)
            except OSError:
                return  # a manager that does not listen for a moment is no reason to fail


class Watchdog:
    """Tells the service manager at half its interval that the event loop still turns.

    The loop itself calls: a loop that hangs falls silent, and the manager restarts the service.
    """

    def __init__(self, notifier: Notifier, scheduler: Scheduler, interval: float) -> None:
        """`interval` in seconds as the manager wants it; 0: it wants none."""
        self._pause = interval / 2
        self._notifier = notifier
        self._scheduler = scheduler
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin; nothing happens when no interval is wanted."""
        if self._pause > 0:
            self._notifier.alive()
            self._timer = self._scheduler.call_later(self._pause, self.start)

    def close(self) -> None:
        """Fall silent."""
        if self._timer is not None:
            self._timer.cancel()


def take_socket(environ: MutableMapping[str, str]) -> str:
    """Return the manager's address and forget it: what we start must not speak in our name."""
    environ.pop(_WATCHDOG, None)
    environ.pop(_WATCHDOG_PID, None)
    return environ.pop(_SOCKET, "")


def watchdog_interval(environ: Mapping[str, str], pid: int) -> float:
    """Return the seconds within which the manager wants to hear from process `pid`; 0: never."""
    meant = environ.get(_WATCHDOG_PID, "")
    if meant and meant != str(pid):
        return 0.0
    text = environ.get(_WATCHDOG, "")
    return int(text) / 1e6 if text.isdecimal() else 0.0


def is_journal(fd: int, environ: Mapping[str, str]) -> bool:
    """Whether a descriptor leads to the journal (man systemd.exec: JOURNAL_STREAM)."""
    device, _, inode = environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        found = os.fstat(fd)
    except OSError:
        return False
    return device == str(found.st_dev) and inode == str(found.st_ino)


def _line(text: str) -> str:
    return text.replace("\n", " ")
