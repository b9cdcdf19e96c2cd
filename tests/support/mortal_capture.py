"""Agents that capture output and die: forked processes with a log pump and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from agent.host.output import LogPump

MIB = 1024 * 1024
#: What the log thread does to the world outside; it may be killed before and after each of them.
_DEEDS = ("ftruncate", "mkdir", "open", "pwrite", "rename", "rmdir", "splice", "unlink", "write")


class Rotation(TypedDict):
    """How the pump names it."""

    max_size: int
    max_files: int


class Place:
    """The directories of one container; `kept` are descriptors that somebody holds for it."""

    def __init__(
        self, folder: Path, *, logs: Path | None = None, max_size: int = 100 * MIB
    ) -> None:
        self.lasting = str(folder / "run" / "web.0.output")
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
            _count(die_at)
        asyncio.run(_capture(place, detach=detach))
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
    """Kill this process at point `die_at`: before deed n is point 2n, after it point 2n + 1."""
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
            result = deed(*args, **kwargs)
            reached()
            return result

        return do

    for name in _DEEDS:
        setattr(os, name, mortal(getattr(os, name)))
