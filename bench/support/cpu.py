"""Where does a process run, and how much CPU has it used?"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def used() -> float:
    """Microseconds of CPU that this process, without its children, has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e6


def used_by(pid: int) -> float:
    """Microseconds of CPU that another process, all its threads, has used."""
    nanoseconds = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        nanoseconds += int((thread / "schedstat").read_text().split()[0])
    return nanoseconds / 1000


def cpus() -> list[int]:
    """The CPUs of this machine that we may use, lowest first."""
    return _ALLOWED


def pin(place: int) -> None:
    """Stay on one of them."""
    os.sched_setaffinity(0, {_ALLOWED[place % len(_ALLOWED)]})


@contextmanager
def anywhere() -> Iterator[None]:
    """What is started inside may run on every CPU."""
    here = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, here)


_ALLOWED = sorted(os.sched_getaffinity(0))
