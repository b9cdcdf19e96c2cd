"""What a service manager hears from us."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.host import systemd
from agent.host.scheduler import Scheduler
from agent.host.systemd import Notifier, Watchdog

pytestmark = pytest.mark.integration


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    """A service manager's end of the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        sock.settimeout(5)
        yield sock


def heard(sock: socket.socket) -> list[str]:
    return sock.recv(4096).decode().splitlines()


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_manager_hears_us_by_path_and_by_abstract_name(tmp_path: Path, is_abstract: bool) -> None:
    address = f"@barepod-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with manager(address) as sock:
        notifier = Notifier(address)
        notifier.ready("1 pod, 1 ready")
        assert heard(sock) == ["READY=1", "STATUS=1 pod, 1 ready"]
        notifier.status("1 pod, 1 ready")
        notifier.status("two\nlines")
        assert heard(sock) == ["STATUS=two lines"]
        notifier.stopping("bye")
        assert heard(sock) == ["STOPPING=1", "STATUS=bye"]
        notifier.extend_timeout(1.5)
        assert heard(sock) == ["EXTEND_TIMEOUT_USEC=1500000"]


def test_a_reload_tells_its_time(tmp_path: Path) -> None:
    with manager(str(tmp_path / "notify")) as sock:
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        Notifier(str(tmp_path / "notify")).reloading()
        first, second = heard(sock)

    assert first == "RELOADING=1"
    key, _, value = second.partition("=")
    assert key == "MONOTONIC_USEC"
    assert before <= int(value) < before + 5_000_000


def test_nobody_to_hear_is_no_trouble(tmp_path: Path) -> None:
    Notifier("").ready("x")
    Notifier(str(tmp_path / "nobody")).ready("x")

    assert not Notifier("").is_heard


@pytest.mark.asyncio
async def test_the_watchdog_is_fed_at_half_its_interval(tmp_path: Path) -> None:
    with manager(str(tmp_path / "notify")) as sock:
        scheduler = Scheduler()
        watchdog = Watchdog(Notifier(str(tmp_path / "notify")), scheduler, 0.2)
        watchdog.start()
        sock.setblocking(False)
        begun, beats = scheduler.time(), 0
        import asyncio

        loop = asyncio.get_running_loop()
        while beats < 4:
            assert await loop.sock_recv(sock, 100) == b"WATCHDOG=1"
            beats += 1
        took = scheduler.time() - begun
        watchdog.close()
        scheduler.close()

    assert took >= 0.29  # at 0, 0.1, 0.2 and 0.3 seconds


@pytest.mark.asyncio
async def test_without_an_interval_the_watchdog_sleeps(tmp_path: Path) -> None:
    with manager(str(tmp_path / "notify")) as sock:
        watchdog = Watchdog(Notifier(str(tmp_path / "notify")), Scheduler(), 0.0)
        watchdog.start()
        watchdog.close()
        sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            sock.recv(100)


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_interval_is_ours_only_if_it_is_meant_for_us(
    environ: dict[str, str], seconds: float
) -> None:
    assert systemd.watchdog_interval(environ, 7) == seconds


def test_what_we_start_does_not_inherit_the_managers_address() -> None:
    environ = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "2", "PATH": "/bin"}

    assert systemd.take_socket(environ) == "@x"
    assert environ == {"PATH": "/bin"}


def test_the_journal_is_known_by_its_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "f").open("w") as file:
        found = os.fstat(file.fileno())
        right = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        wrong = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino + 1}"}

        assert systemd.is_journal(file.fileno(), right)
        assert not systemd.is_journal(file.fileno(), wrong)
        assert not systemd.is_journal(file.fileno(), {})
