"""The descriptors of one capture: who reads, who writes, and who only holds on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # for those who ask for it; `barepod run` does not
    from agent.host.lasting import Lasting


class Ends(NamedTuple):
    """`reads` are ours by stream, never blocking; `stdout` and `stderr` the child's (-1: none).

    `kept` are duplicates of ours by name for a process that outlives us. With `lasting` the reads
    are those of FIFOs. `is_terminal`: there is one read, a terminal's master.
    """

    reads: dict[str, int]
    stdout: int = -1
    stderr: int = -1
    kept: dict[str, int] = {}
    lasting: Lasting | None = None
    is_terminal: bool = False


def of_pipes() -> Ends:
    """Two pipes, or `OSError` and nothing open."""
    out_read, out_write = os.pipe2(os.O_CLOEXEC)
    try:
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
    except OSError:
        os.close(out_read)
        os.close(out_write)
        raise
    os.set_blocking(out_read, False)
    os.set_blocking(err_read, False)
    return Ends({"stdout": out_read, "stderr": err_read}, out_write, err_write)


def of_terminal(master: int, *, is_kept: bool) -> Ends:
    """A terminal, whose master becomes the capture's own; on `OSError` it stays the caller's."""
    kept = {"tty": os.dup(master)} if is_kept else {}
    os.set_blocking(master, False)
    return Ends({"stdout": master}, kept=kept, is_terminal=True)


def of_new(path: str, owner: int | None) -> Ends:
    """The FIFOs of a lasting directory that is made now, or `OSError` and nothing left of it."""
    from agent.host import lasting

    made = lasting.Lasting.make(path, owner=owner)
    opened: list[int] = []
    try:
        # Our ends first: only then do they tell when the writers have gone.
        for stream in lasting.STREAMS:
            opened.append(made.read_end(stream))
        for stream in lasting.STREAMS:
            opened.append(made.write_end(stream))
        for fd in opened[:2]:
            opened.append(os.dup(fd))
    except OSError:
        for fd in opened:
            os.close(fd)
        made.close()
        lasting.remove(path)
        raise
    out, err, out_write, err_write, out_kept, err_kept = opened
    kept = {"stdout": out_kept, "stderr": err_kept}
    return Ends({"stdout": out, "stderr": err}, out_write, err_write, kept, made)


def of_old(path: str) -> Ends:
    """The FIFOs of a lasting directory that an earlier agent left; none if it is gone (OSError)."""
    from agent.host import lasting

    found = lasting.Lasting.find(path)
    if found is None:
        lasting.remove(path)  # half made or half removed
        return Ends({})
    opened: list[int] = []
    try:
        for stream in lasting.STREAMS:
            opened.append(found.read_end(stream))
        for fd in opened[:2]:
            opened.append(os.dup(fd))
    except OSError:
        for fd in opened:
            os.close(fd)
        found.close()
        raise
    out, err, out_kept, err_kept = opened
    kept = {"stdout": out_kept, "stderr": err_kept}
    return Ends({"stdout": out, "stderr": err}, kept=kept, lasting=found)
