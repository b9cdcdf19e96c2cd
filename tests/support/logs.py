"""Helpers for tests that capture output: a pump that must leave nothing behind, and readers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from agent.host import cri_log
from agent.host.cri_log import Record
from agent.host.log_files import rotated_files
from agent.host.output import LogCapture, LogPump


class Problems(list[tuple[str, OSError]]):
    """What the pump reported."""

    def report(self, path: str, exc: OSError) -> None:
        self.append((path, exc))


@asynccontextmanager
async def pumping(problems: Problems | None = None) -> AsyncIterator[LogPump]:
    """A pump for the block; without `problems` there may be none, and nothing may be left open."""
    found = Problems() if problems is None else problems
    fds, threads = open_fds(), threading.active_count()
    pump = LogPump(asyncio.get_running_loop(), found.report)
    try:
        yield pump
    finally:
        await pump.close()
    assert open_fds() == fds
    assert threading.active_count() == threads
    assert problems is not None or not found


def open_fds() -> set[str]:
    """The numbers of all open descriptors and what they are; ours for listing excluded."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.add(f"{entry.name} {entry.readlink()}")
        except FileNotFoundError:
            continue
    return found


def python(capture: LogCapture, code: str, *, stdin: bool = False) -> subprocess.Popen[bytes]:
    """Start a Python child that writes into the capture, with a pipe as its stdin if wanted."""
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", code],
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=capture.stdout_fd,
        stderr=capture.stderr_fd,
    )
    capture.started()
    return child


def records(path: str | Path) -> list[Record]:
    """All records of a log, oldest first, rotated files included; anything else is an error."""
    found: list[Record] = []
    for name in [*rotated_files(str(path)), str(path)]:
        text = Path(name).read_bytes()
        assert text == b"" or text.endswith(b"\n"), f"{name} ends within a record"
        for line in text.split(b"\n")[:-1]:
            record = cri_log.parse(line)
            assert record is not None, line
            found.append(record)
    return found


def content(found: Iterable[Record], stream: str = "stdout") -> bytes:
    """The bytes that the container wrote to one stream."""
    return b"".join(record.content for record in found if record.stream == stream.encode())


async def wait_for_text(path: str, text: bytes) -> None:
    """Until the file contains it."""
    while not (Path(path).exists() and text in Path(path).read_bytes()):
        await asyncio.sleep(0.005)
