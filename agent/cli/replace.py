"""`barepod agent --replace`: have the running agent replaced by the installed version, in place."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import click

from agent.host import directory_lock
from agent.host.process import start_time

_PATIENCE = 30.0
_LOOK_AGAIN = 0.05
_FAILED = 1


def replace(state_dir: str) -> int:
    """Ask for it and wait until it is done; the exit code."""
    pid = directory_lock.holder(state_dir)
    if not pid:
        click.echo(f"barepod: no agent runs on the state directory {state_dir}", err=True)
        return _FAILED
    before = _lock(state_dir)
    try:
        os.kill(pid, signal.SIGUSR2)
    except PermissionError:
        click.echo(f"barepod: the agent, pid {pid}, belongs to another user", err=True)
        return _FAILED
    if not _has_changed(state_dir, pid, before):
        click.echo(
            f"barepod: the agent, pid {pid}, has not been replaced within {_PATIENCE:.0f} seconds; "
            "its log says why",
            err=True,
        )
        return _FAILED
    click.echo(f"the agent, pid {pid}, was replaced; its pods go on")
    return 0


def _has_changed(state_dir: str, pid: int, before: tuple[int, int]) -> bool:
    """Whether a new agent took the directory in time; nothing else tells of it from outside."""
    born = start_time(pid)
    deadline = time.clock_gettime(time.CLOCK_MONOTONIC) + _PATIENCE
    while time.clock_gettime(time.CLOCK_MONOTONIC) < deadline and start_time(pid) == born:
        if _lock(state_dir) not in (before, (0, 0)) and directory_lock.holder(state_dir) == pid:
            return True
        signal.sigtimedwait((), _LOOK_AGAIN)
    return False


def _lock(state_dir: str) -> tuple[int, int]:
    """Which file says who has the directory: every agent makes its own."""
    try:
        found = Path(f"{state_dir}/{directory_lock.NAME}").stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns
