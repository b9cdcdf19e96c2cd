"""May this file be believed, and what does it hold?

As root we run what manifests and configuration say, so nobody else may be able to write them. What
is opened is what is checked and read: a file that is exchanged meanwhile changes nothing.
"""

from __future__ import annotations

import os
import stat

import msgspec

ROOT = 0
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_BLOCK = 1 << 16


class FileRefused(Exception):
    """The file is there but will not be used; the text goes behind its name."""


class Content(msgspec.Struct, frozen=True):
    """What a file held when it was read; `version` changes whenever the content may have."""

    data: bytes
    version: tuple[int, ...]


def read(path: str, *, limit: int, only_root: bool) -> Content:
    """Read a regular file of at most `limit` bytes; links are followed, a FIFO never blocks.

    `only_root`: refuse what anybody but root could have written. OSError, FileRefused.
    """
    fd = os.open(path, _FLAGS)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise FileRefused(f"is {_kind(found.st_mode)}, not a file")
        if only_root:
            _check(found)
        if found.st_size > limit:
            raise FileRefused(_too_large(limit))
        data = _read(fd, limit)
    finally:
        os.close(fd)
    return Content(data, version_of(found))


def check_directory(path: str, *, only_root: bool) -> None:
    """Refuse a directory in which anybody but root could exchange files. OSError, FileRefused."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if only_root:
            _check(os.fstat(fd))
    finally:
        os.close(fd)


def version_of(found: os.stat_result) -> tuple[int, ...]:
    """What tells one content of a file from the next."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(fd: int, limit: int) -> bytes:
    """All of it; what grows meanwhile is not followed beyond the limit."""
    blocks: list[bytes] = []
    size = 0
    while block := os.read(fd, _BLOCK):
        blocks.append(block)
        size += len(block)
        if size > limit:
            raise FileRefused(_too_large(limit))
    return b"".join(blocks)


def _check(found: os.stat_result) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != ROOT:
        raise FileRefused(f"belongs to user {found.st_uid}, not to root: refused")
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and found.st_gid != ROOT):
        raise FileRefused(f"can be written by others than root (mode {mode:04o}): refused")


def _too_large(limit: int) -> str:
    return f"is larger than {limit // 1024} KiB"


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFIFO: "a FIFO",
        stat.S_IFDIR: "a directory",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")
