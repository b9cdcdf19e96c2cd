"""Open and make paths below a directory that no link can lead out of. Used by the helper too.

The kernel does the checking (openat2 with RESOLVE_BENEATH, Linux 5.6): what a container may change
meanwhile cannot fool it. Standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from errno import EAGAIN

_SYS_OPENAT2 = 437
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_BENEATH = 0x08
_TRIES = 32

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def open_beneath(folder_fd: int, path: str, flags: int = os.O_PATH, mode: int = 0) -> int:
    """Open `path`, relative to the directory; links are followed as long as they stay inside.

    OSError: EXDEV when the path leaves the directory.
    """
    how = (ctypes.c_uint64 * 3)(
        flags | os.O_CLOEXEC, mode, _RESOLVE_BENEATH | _RESOLVE_NO_MAGICLINKS
    )
    name = os.fsencode(path)
    for _ in range(_TRIES):  # EAGAIN: something was renamed at this very moment
        fd = _libc.syscall(_SYS_OPENAT2, folder_fd, name, ctypes.byref(how), ctypes.sizeof(how))
        if fd >= 0:
            return int(fd)
        if ctypes.get_errno() != EAGAIN:
            break
    errno = ctypes.get_errno()
    raise OSError(errno, os.strerror(errno), path)


def make_beneath(folder_fd: int, path: str, *, mode: int, is_directory: bool) -> None:
    """Make `path` and the directories on its way, unless they are there (OSError).

    `mode` is that of new directories; a new file is empty and has 0644.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    parent = os.dup(folder_fd)
    try:
        for index, part in enumerate(parts):
            with contextlib.suppress(FileExistsError):
                if is_directory or index < len(parts) - 1:
                    _make_directory(parent, part, mode)
                else:
                    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
                    os.close(os.open(part, flags, 0o644, dir_fd=parent))
            if index < len(parts) - 1:
                child = open_beneath(folder_fd, "/".join(parts[: index + 1]))
                os.close(parent)
                parent = child
    finally:
        os.close(parent)


def _make_directory(parent: int, name: str, mode: int) -> None:
    os.mkdir(name, mode & 0o777, dir_fd=parent)
    made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        os.fchmod(made, mode | os.fstat(made).st_mode & 0o2000)  # whatever the umask
    finally:
        os.close(made)
