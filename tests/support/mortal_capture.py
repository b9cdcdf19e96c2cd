"""Agents that capture output and die: forked processes with a log pump and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypedDict

from agent.host import event_loop, ledger, spool
from agent.host.ledger import Ledger
from agent.host.output import LogPump
from tests.support.logs import Problems, content, records

MIB = 1024 * 1024
#: So that each stream takes a few turns, and ends some of them between two lines.
CHUNK = 16_400
_RECORD = 40  # bytes in a ledger
#: What the log thread does to the world outside; it may be killed before each of them.
_DEEDS = ("ftruncate", "mkdir", "open", "pwrite", "rename", "rmdir", "splice", "unlink", "write")


class Rotation(TypedDict):
    """How the pump names it."""

    max_size: int
    max_files: int


class Place:
    """The directories of one container; `kept` are descriptors that somebody holds for it.

    `run` is where the run directory is: in memory or not makes a difference to the ledger.
    """

    def __init__(
        self,
        folder: Path,
        *,
        run: Path | None = None,
        logs: Path | None = None,
        max_size: int = 100 * MIB,
    ) -> None:
        self.lasting = str((run or folder / "run") / "web.0.output")
        self.logs = logs or folder / "logs"
        self.log = self.logs / "0.log"
        self.rotation = Rotation(max_size=max_size, max_files=1000)
        self.kept: list[int] = []

    def let_go(self) -> None:
        """Nobody holds anything any more."""
        for fd in self.kept:
            os.close(fd)
        self.kept = []


def live(place: Place, *, die_at: int | None = None, detach: bool = False) -> int:
    """Start an agent that adopts the container and stays until all output has ended.

    `die_at`: kill it at that point of its work (see `_count`). `detach`: it goes at once, in order.
    Returns its pid.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        if die_at is not None:
            spool.CHUNK = CHUNK
            _count(die_at)
        event_loop.run(_capture(place, detach=detach))
    except BaseException:  # noqa: BLE001 - nothing may get back into the test
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def ended_well(pid: int) -> bool:
    """Wait for an agent's end: did it finish its work (True) or was it killed? Else it is a bug."""
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), f"the agent ended with {code}"
    return code == 0


async def _capture(place: Place, *, detach: bool) -> None:
    problems: list[OSError] = []
    pump = LogPump(asyncio.get_running_loop(), lambda _, exc: problems.append(exc))
    capture = pump.adopt(place.lasting, place.logs, 0, **place.rotation)
    if not detach:
        await capture.drained()
    await pump.close(detach=detach)
    assert not problems, problems


def _count(die_at: int) -> None:
    """Kill this process before deed number `die_at` of its log thread."""
    point = 0

    def reached() -> None:
        nonlocal point
        if threading.current_thread().name == "logs":
            if point == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            point += 1

    def mortal(deed: Callable[..., Any]) -> Callable[..., Any]:
        def do(*args: Any, **kwargs: Any) -> Any:
            reached()
            return deed(*args, **kwargs)

        return do

    for name in _DEEDS:
        setattr(os, name, mortal(getattr(os, name)))
    _make_records_mortal(reached)


def _make_records_mortal(reached: Callable[[], None]) -> None:
    """A record in a mapped ledger is no call; one may die before it, and within it."""
    write = Ledger.write

    def record(self: Ledger, file: tuple[int, int], size: int, stdout: int, stderr: int) -> None:
        if self._map is not None:
            reached()
            begun = _RECORD - self._offset  # in the place that does not count
            self._map[begun : begun + 16] = b"\xff" * 16
            reached()
        write(self, file, size, stdout, stderr)

    Ledger.write = record  # type: ignore[method-assign]
    ledger.QUIET = 1  # mapped from the first record on, where it can be


@asynccontextmanager
async def an_agent() -> AsyncIterator[LogPump]:
    """A pump that is closed in order; what else the block opens or closes is its own business."""
    problems = Problems()
    pump = LogPump(asyncio.get_running_loop(), problems.report)
    try:
        yield pump
    finally:
        await pump.close(detach=True)
    assert not problems


def check(place: Place, *, stdout: bytes, stderr: bytes = b"") -> None:
    """Each byte was logged once, in order, and nothing else is left."""
    found = records(place.log)
    assert content(found, "stdout") == stdout
    assert content(found, "stderr") == stderr
    assert not Path(place.lasting).exists()
    place.let_go()


async def until_logged(place: Place, text: bytes) -> None:
    while not (place.log.exists() and text in place.log.read_bytes()):
        await asyncio.sleep(0.001)
