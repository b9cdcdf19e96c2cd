"""A program whose execve hangs, as one on a dead network mount does (fanotify, root only)."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FAN_CLASS_CONTENT = 0x04
_FAN_CLOEXEC = 0x01
_FAN_MARK_ADD = 0x01
_FAN_OPEN_EXEC_PERM = 0x40000
_AT_FDCWD = -100


@contextmanager
def hanging_execve(program: Path) -> Iterator[None]:
    """Nobody answers the kernel's question whether `program` may be executed, until the end.

    OSError where the kernel or the user cannot do that.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    group = libc.fanotify_init(_FAN_CLASS_CONTENT | _FAN_CLOEXEC, os.O_RDONLY)
    if group < 0:
        raise OSError(ctypes.get_errno(), "fanotify_init")
    try:
        done = libc.fanotify_mark(
            group,
            _FAN_MARK_ADD,
            ctypes.c_uint64(_FAN_OPEN_EXEC_PERM),
            _AT_FDCWD,
            os.fsencode(program),
        )
        if done < 0:
            raise OSError(ctypes.get_errno(), "fanotify_mark")
        yield
    finally:
        os.close(group)  # whoever waits may go on
